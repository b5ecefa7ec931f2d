"""The images that match a query, by id, as the engine finds them."""


def found_by(searcher, query):
    passing = searcher.plan(query).filter
    return {hit.id for hit in searcher.index.engine.scroll(passing, with_payload=False)}
