"""Who the leads are: their ids, their order, which rows are the same lead, and which are none."""
