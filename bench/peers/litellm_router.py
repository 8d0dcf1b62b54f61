"""LiteLLM's Router on lines of JSON, run by the Python of its own environment.

Each line read names a number of deployments, a strategy and a number of calls; each line written
is the CPU of a call through `Router.acompletion`, and of the same call by `litellm.acompletion`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from typing import Any

os.environ["LITELLM_LOG"] = "ERROR"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import uvloop

_MESSAGES = [{"role": "user", "content": "BTC/USDT"}]
_WARM = 30
#: LiteLLM records a call after it has answered, in a task of its own.
_RECORDED_S = 0.2


class _AtOnce(litellm.CustomLLM):
    """A custom provider, as LiteLLM's documentation has it, that answers at once."""

    async def acompletion(self, *_: Any, **__: Any) -> litellm.ModelResponse:
        return litellm.ModelResponse(
            model="at-once",
            choices=[
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "73346.14"},
                }
            ],
            usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        )


def _router(deployments: int, strategy: str) -> litellm.Router:
    return litellm.Router(
        model_list=[
            {"model_name": "ticker", "litellm_params": {"model": f"at-once/source-{at}"}}
            for at in range(deployments)
        ],
        routing_strategy=strategy,
    )


async def _cpu_us(ask: Any, model: str, calls: int) -> float:
    await asyncio.sleep(_RECORDED_S)
    begun = time.process_time()
    for _ in range(calls):
        await ask(model=model, messages=_MESSAGES)
    await asyncio.sleep(_RECORDED_S)
    return (time.process_time() - begun) / calls * 1e6


async def main() -> None:
    litellm.suppress_debug_info = True
    litellm.custom_provider_map = [{"provider": "at-once", "custom_handler": _AtOnce()}]
    routers: dict[tuple[int, str], litellm.Router] = {}
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        deployments, strategy, calls = json.loads(line)
        router = routers.get((deployments, strategy))
        if router is None:
            router = routers[deployments, strategy] = _router(deployments, strategy)
            await _cpu_us(router.acompletion, "ticker", _WARM)
            await _cpu_us(litellm.acompletion, "at-once/source-0", _WARM)
            # Else each collection of garbage would walk through the other routers too.
            gc.collect()
            gc.freeze()
        routed = await _cpu_us(router.acompletion, "ticker", calls)
        direct = await _cpu_us(litellm.acompletion, "at-once/source-0", calls)
        print(json.dumps([routed, direct]), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
