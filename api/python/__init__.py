"""The Python face: what `import splicedex` gives.

The command line calls it too, and keeps only reading its options and showing the results.

| file | idea |
| --- | --- |
| `index.py` | `Index`, and `open` that makes it |
| `searching.py`, `selecting.py`, `curating.py`, `keeping.py` | its methods: one for each command |
| `indexing.py`, `indexable.py` | `index`: makes one of folders, tables, arrays, pictures |
| `session.py` | an index held open: threads, closing, forks |
| `query.py`, `asking.py` | queries as values: `c("dog") & ~c("person")` |
| `images/` | what a query finds: ranked hits, read page by page, and sets with their algebra |
| `tables/` | what methods return, typed: also data frames, other libraries' data sets, HTML |
| `named.py` | names of files and indexes, as users give them |
| `method.py` | decompose, recompose, intervene, without an index |
| `progress.py` | progress bars of tqdm |

Queries, options and results are those of the command line: `--in` is `inside`, `--names-from` is
`names_from`, `--as` is `as_`, `--tag NAME=VALUE --yes` is `tag={name: value}`; with `dry_run=True`
nothing is written. `to_dict` of a result, or `to_list` of a list, is what `--json` prints.

Nothing heavy is imported before it is used: `import splicedex` needs no NumPy, SciPy or torch.
"""
