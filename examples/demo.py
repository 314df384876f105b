# What `pxlens demo` runs: four engines fit a line, each to its own noisy data.

# %% For plain IPython, with a cluster running; pxlens finds or starts one by itself.
import ipyparallel as ipp

rc = ipp.Client()
rc.activate()

# %% The same on all engines: shown once, under the engines that said it.
%%px
import numpy as np

rank = get_ipython().kernel.engine_id
noise = np.random.default_rng(rank)
print("ready to fit y = 2x + 1")

# %% Numbers from every engine, step by step.
%%px
x = np.linspace(0, 1, 200)
y = 2 * x + 1 + noise.normal(0, 0.1 * (rank + 1), x.size)
slope, offset = 0.0, 0.0
losses = []
for step in range(1, 301):
    error = slope * x + offset - y
    slope -= 0.1 * 2 * (error * x).mean()
    offset -= 0.1 * 2 * error.mean()
    losses.append((error**2).mean())
    if step % 100 == 0:
        print(f"step {step}  loss {losses[-1]:.4f}")

# %% Results, one per engine, and how far apart they are.
%px round(float(slope), 2), round(float(offset), 2)

# %% Two groups: most engines fit well, those with much noise do not.
%%px
print("good fit" if losses[-1] < 0.05 else "poor fit: look at the noise")

# %% A plot from one engine.
%%px --targets 0
%matplotlib inline
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 3))
plt.plot(x, y, ".", markersize=3, label="data")
plt.plot(x, slope * x + offset, label="fit")
plt.title(f"engine {rank}")
plt.legend()
plt.show()

# %% An error on one engine; the line that raised it is marked in the editor.
%%px
def check(values):
    if rank == 2:
        values = values[:-1]
    return values - (slope * x + offset)

residuals = check(y)
print("largest residual", round(float(abs(residuals).max()), 1))
