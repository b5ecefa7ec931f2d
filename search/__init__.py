"""From a query to explained hits: language, concepts, plan, explanation."""
