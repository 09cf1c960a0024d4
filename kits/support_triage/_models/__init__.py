"""What a bundle decides with: encoder, heads and their mean. Device side: numpy and the sessions it is given."""
