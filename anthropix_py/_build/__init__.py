"""The parts of `build`: keys and custom_ids, templates, rows of any table, and the join."""
