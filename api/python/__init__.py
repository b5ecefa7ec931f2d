"""The Python face: what `import splicedex` gives.

The command line calls it too, and keeps only reading its options and showing the results.

| file | idea |
| --- | --- |
| `index.py` | `Index`, and `open` that makes it |
| `searching.py`, `curating.py`, `keeping.py` | its methods: one for each command |
| `indexing.py` | `index`: makes an index of folders, tables, arrays, data frames, pictures |
| `session.py` | an index held open: threads, closing, forks |
| `query.py`, `asking.py` | queries as values: `c("dog") & ~c("person")` |
| `hits.py` | the ranked answer to a query, read page by page |
| `view.py`, `exchange.py` | a set of images: set algebra, order, samples; for other libraries |
| `answers.py`, `results.py`, `kept.py` | what commands find, typed |
| `located.py` | images with the files that they are in |
| `table.py`, `optional.py` | each result is a table: pandas, polars, Arrow, plain values |
| `html.py` | what notebooks show: static HTML with small pictures |
| `named.py` | names of files and indexes, as users give them |
| `method.py` | decompose, recompose, intervene, without an index |
| `progress.py` | progress bars of tqdm |

Queries, options and results are those of the command line: `--in` is `inside`, `--names-from` is
`names_from`, `--as` is `as_`, `--tag NAME=VALUE --yes` is `tag={name: value}`; with `dry_run=True`
nothing is written. `to_dict` of a result, or `to_list` of a list, is what `--json` prints.

Nothing heavy is imported before it is used: `import splicedex` needs no NumPy, SciPy or torch.
"""
