"""A pretended Salesforce."""
