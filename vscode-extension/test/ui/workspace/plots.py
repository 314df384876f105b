# %% Each engine draws its own figure, and one that all draw alike.
%%px
%matplotlib inline
import matplotlib.pyplot as plt

rank = get_ipython().kernel.engine_id
_ = plt.figure(figsize=(3, 2)); _ = plt.plot([0, rank + 1, 2])
plt.show()
_ = plt.figure(figsize=(3, 2)); _ = plt.plot([1, 2])
plt.show()

# %% A table that all show, text of two streams, and a result.
%%px
import sys
from IPython.display import HTML

print("loss", 0.5 + rank)
print("careful", file=sys.stderr)
HTML("<table><tr><th>a</th></tr><tr><td>41</td></tr></table><script>parent.broken = 1</script>")

# %% A call into a file, which raises on one engine.
%%px
import json

print("<img src=x onerror=alert(1)>")
json.loads("{" if rank == 1 else "{}")

# %% A run that goes on for a while.
%%px
import time

for step in range(2000):
    print("step", step)
    time.sleep(0.05)

# %% Much more than the panel shows.
%%px
for line in range(120_000):
    print("needle" if line == 60_000 else "a line of some length", line)
