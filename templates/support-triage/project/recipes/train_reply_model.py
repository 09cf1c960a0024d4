"""Teaches a small language model to choose sentences as your team does; change this file as you like.

    pip install 'kitwright[train,llm]'
    python recipes/train_reply_model.py --mailbox archive.mbox --bundle runs/RUN/bundle.kwb \
        --own support@shop.example --base ./models/some-small-instruct-model --out reply-model

The adapter is served by any OpenAI-compatible server, as `vllm serve BASE --enable-lora --lora-modules
replies=./reply-model`; `source.writer.model: replies` in agent.yaml uses it. Whatever it writes is checked
sentence by sentence all the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kits.core.console import Console, run
from kits.core.settings import validate_settings
from kits.support_triage._replies.adapter import ReplyModelConfig
from kits.support_triage._replies.recipe import train_reply_model
from kits.toolchain.progress import make_progress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mailbox", type=Path, required=True, help="mbox, Maildir or folder of .eml, sent mail too")
    parser.add_argument("--bundle", type=Path, required=True, help="bundle with a knowledge base")
    parser.add_argument("--own", action="append", required=True, help="an address of yours; may come more than once")
    parser.add_argument("--base", required=True, help="folder of a chat model with safetensors, or a hub id")
    parser.add_argument("--allow-download", action="store_true", help="fetch the hub id")
    parser.add_argument("--out", type=Path, default=Path("reply-model"), help="where the adapter goes")
    parser.add_argument("--epochs", type=int, default=3, help="passes over the conversations")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda:0")
    options = parser.parse_args()
    given = {"base": options.base, "allow_download": options.allow_download, "epochs": options.epochs}
    made = train_reply_model(
        options.mailbox, options.bundle, options.out, options.own,
        validate_settings(given, ReplyModelConfig, where="the settings of this recipe"),
        device=options.device, progress=make_progress(Console()),
    )  # fmt: skip
    print("\n".join(made.lines()))


if __name__ == "__main__":
    run(main)
