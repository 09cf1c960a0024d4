"""`kit replay`: last year through a bundle. Alarms and cases, known failures, money, the page."""
