"""Another plan by HTTP."""

from tests.lives import Life, World


async def test_up_by_card(world: World) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    path = f"/subscriptions/{life.subscription_id}/change-plan"
    shown = await life.student.post(path + "/preview", {"plan_code": "P1Y"})
    print(shown.status_code, shown.json())
    answer = await life.student.post(path, {"plan_code": "P1Y", "quote": shown.json()["quote"]})
    print(answer.status_code, answer.json())
    for i in (await life.student.get("/invoices")).json()["items"]:
        print(i)
    print(await life.book())
    raise AssertionError
