"""The endpoint that a team writes in an afternoon: FastAPI, pydantic in and out, PyJWT with a PEM key.

It checks signature, expiry, audience and issuer and nothing else. It stands here as the yardstick beside which the
cost of a full verdict is shown; it is no part of the product.
"""

import os
from pathlib import Path

import jwt
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
KEY = Path(os.environ["PLAIN_KEY_FILE"]).read_text(encoding="ascii")
AUDIENCE = os.environ["PLAIN_AUDIENCE"]


class Question(BaseModel):
    """What the caller sends."""

    token: str


class Answer(BaseModel):
    """What the caller gets."""

    valid: bool
    subject: str | None = None
    issuer: str | None = None


@app.post("/verify")
async def verify(question: Question) -> Answer:
    """Verify an ES256 token with the usual library calls."""
    try:
        claims = jwt.decode(question.token, KEY, algorithms=["ES256"], audience=AUDIENCE)
    except jwt.InvalidTokenError:
        return Answer(valid=False)
    return Answer(valid=True, subject=claims["sub"], issuer=claims["iss"])
