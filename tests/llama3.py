"""A small tokenizer that splits text as Llama 3's does: the same pattern and special tokens, bytes and numbers for
vocabulary."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

SPECIALS = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
PATTERN = (  # of Llama 3.1's tokenizer.json
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"  # noqa: E501
)


def llama3_tokenizer() -> Tokenizer:
    """Every group of up to three digits is one token, as in Llama 3; words are bytes."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())  # 256, a letter for each byte
    texts = [*letters, *(f"{number:0{digits}}" for digits in (2, 3) for number in range(10**digits))]
    tokenizer = Tokenizer(models.BPE({text: i for i, text in enumerate(texts)}, [], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIALS))
    return tokenizer
