#!/usr/bin/env python3
"""Runs the model of events that act: the design must stand, and every variant that leaves a rule out
fall.

usage: test_actions.py [--seconds N] [--seed N] [VARIANT...]

The design runs for so many seconds (4), with one seed after another. Each variant, or those named,
runs with the seed that it is known to fall with, and then with others until it does.
"""

import time

from actions_model import VARIANTS, Broken, World
from model_command import main

STEPS = 600
SHARDS = (1, 1, 3)
SEARCH = 3000  # seeds, when a variant does not fall with the one that it is known to

# After a change of the model it may be another one.
FALLS = {
    "missed": 0,
    "heard": 7,
    "undone": 30,
    "premature": 6,
    "live": 243,
    "stays": 0,
    "since": 13,
    "late": 0,
    "slow": 0,
    "kept": 8,
}


def run(seed, variant=None):
    """Returns what was broken, or None."""
    try:
        World(seed, variant, shards=SHARDS[seed % len(SHARDS)]).run(STEPS)
    except Broken as broken:
        return f"seed {seed}: {broken}"
    return None


def design_stands(first, seconds):
    until, seed = time.monotonic() + seconds, first
    while time.monotonic() < until:
        broken = run(seed)
        if broken:
            print(f"FAILED: the design is broken: {broken}")
            return False
        seed += 1
    print(f"ok: the design stands, seeds {first} to {seed - 1}")
    return True


def places_of(variant):
    return [(seed,) for seed in [FALLS[variant], *range(SEARCH)]]


if __name__ == "__main__":
    main(__doc__, 4, VARIANTS, places_of, run, design_stands)
