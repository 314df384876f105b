# %% A cell that takes long: somebody interrupts it.
%%px
import time

for step in range(600):
    print("step", step)
    time.sleep(0.1)

# %% What a later window finds on the engines.
%px kept = 100

# %% What an earlier window left on the engines.
%%px
print("kept", kept + rank)
