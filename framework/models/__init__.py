"""One query and one result model for each capability."""
