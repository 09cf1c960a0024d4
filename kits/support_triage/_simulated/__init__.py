"""A made-up web shop with its mails, records and servers, for demo and tests; never for claims of quality."""
