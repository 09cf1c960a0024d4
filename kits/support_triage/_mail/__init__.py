"""From a mail's bytes to the text a model sees: HTML, quoted text, signatures, language. Private to the kit."""
