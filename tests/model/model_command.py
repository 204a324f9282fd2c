"""What the commands of the models share: their arguments, and the search for a run in which a variant falls."""

import argparse
import sys


def variant_falls(variant, rule, places, run):
    """Runs the variant at one place after another until it falls. `rule`: what it leaves out."""
    for place in places:
        broken = run(*place, variant)
        if broken:
            print(f"ok: {variant} falls: {broken}")
            return True
    print(f"FAILED: nothing shows that {rule}")
    return False


def main(doc, seconds, variants, places_of, run, design_stands):
    """Exits with 0 if the design stands and every variant, or those that are named, falls.

    variants: name and rule of each. places_of(variant): where it is known to fall, and then where
    else to look, as arguments of run(), which returns what was broken, or None.
    design_stands(first_seed, seconds): prints how it went.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=seconds, help="how long the design runs")
    parser.add_argument("--seed", type=int, default=0, help="the first one of the design's runs")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(variants))
    options = parser.parse_args()
    unknown = [name for name in options.variants if name not in variants]
    if unknown:
        parser.error(f"no such variant: {', '.join(unknown)}")
    good = all([variant_falls(name, variants[name], places_of(name), run) for name in options.variants or variants])
    if not options.variants:
        good = design_stands(options.seed, options.seconds) and good
    sys.exit(0 if good else 1)
