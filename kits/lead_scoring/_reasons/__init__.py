"""Why a lead scores as it does, and what would change it, in words a rep can check. Not how the score is made."""
