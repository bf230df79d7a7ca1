"""FastAPI's /price: the same answer out of the same Redis keys, as one would write it there.

    REDIS_URL=redis://127.0.0.1:6379/0 uvicorn fastapi_price:app --workers 1 --no-access-log

One client with a pool of connections, one round trip a request. It needs fastapi, uvicorn and redis; uvloop, httptools
and hiredis are used where they are installed.
"""

import contextlib
import os
import time

import fastapi
import redis.asyncio
from fastapi.responses import JSONResponse

client = redis.asyncio.from_url(os.environ["REDIS_URL"], decode_responses=True)
app = fastapi.FastAPI()


@app.on_event("shutdown")
async def close():
    with contextlib.suppress(redis.RedisError):
        await client.close()


@app.get("/price")
async def price(symbol: str):
    async with client.pipeline(transaction=False) as pipeline:
        pipeline.get(f"{symbol}:price")
        pipeline.hmget(f"{symbol}:price:meta", "event_time_us", "trade_id")
        text, (event_time_us, trade_id) = await pipeline.execute()
    if text is None or event_time_us is None:
        raise fastapi.HTTPException(404, f"{symbol} has no price")
    event_time_us = int(event_time_us)
    return JSONResponse({
        "symbol": symbol, "price": text, "event_time_us": event_time_us, "trade_id": int(trade_id),
        "age_ms": max(0, time.time_ns() // 1_000 - event_time_us) // 1_000, "live": True,
    })
