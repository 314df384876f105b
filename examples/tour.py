# %% [markdown]
# # A tour of px cells
#
# Run it whole with `pxlens run examples/tour.py`, or cell by cell in the editor. The last cell fails on one engine, on
# purpose.

# %% For plain IPython, with a cluster of four engines running; pxlens finds the cluster by itself.
import ipyparallel as ipp

rc = ipp.Client()
rc.activate()

# %% What all engines print alike is shown once.
%%px
rank = get_ipython().kernel.engine_id
print("ready")

# %% What differs is shown per engine.
%%px
print(f"engine {rank} of four")

# %% Numbers that follow the rank: a loss that falls, step by step.
%%px
for step in range(1, 4):
    print(f"step {step}  loss {(rank + 1) / step:.3f}")

# %% A line magic, and a result on each engine.
%px rank ** 2

# %% Every second engine.
%%px --targets ::2
print("even", rank)

# %% Two kinds of engines, and two streams.
%%px
import sys

print("upper half" if rank >= 2 else "lower half")
print("a warning from all", file=sys.stderr)

# %% A cell that does not block: the next one need not wait for it.
%%px --noblock
import time

time.sleep(0.2 * rank)
print("slept")

# %% A display and a result in one cell.
%%px
from IPython.display import Markdown, display

display(Markdown(f"**engine {rank}** has *{rank * 10}* rows"))
{"rows": rank * 10}

# %% An error on one engine: the others end well, and the traceback points here.
%%px
shard = list(range(10 * rank, 10 * rank + 10))
if rank == 1:
    shard[3] = None
total = sum(shard)
print("total", total)
