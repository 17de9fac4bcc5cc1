"""What staff can do that is in no subscription's timeline, and what each is done to."""

from enum import StrEnum


class StaffAction(StrEnum):
    """`{kind of subject}.{what was done to it}`."""

    PLAN_CREATED = "plan.created"
    PLAN_PRICE_ADDED = "plan.price_added"
    PLAN_DUNNING_POLICY_ADDED = "plan.dunning_policy_added"
    PLAN_RETIRED = "plan.retired"
    PROMO_CODE_CREATED = "promo_code.created"
    PROMO_CODE_CHANGED = "promo_code.changed"
    GIFT_CARDS_ISSUED = "gift_card_batch.issued"
    ENDPOINT_CREATED = "webhook_endpoint.created"
    ENDPOINT_CHANGED = "webhook_endpoint.changed"
    ENDPOINT_SECRET_ROTATED = "webhook_endpoint.secret_rotated"  # noqa: S105 - a word for what was done
    ENDPOINT_ENABLED = "webhook_endpoint.enabled"
    ENDPOINT_DISABLED = "webhook_endpoint.disabled"
    ENDPOINT_DELETED = "webhook_endpoint.deleted"
    ENDPOINT_REPLAYED = "webhook_endpoint.replayed"
    WEBHOOK_REPLAYED = "webhook.replayed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_ERASED = "user.erased"
    USER_MADE_ADMIN = "user.made_admin"
    USER_MADE_SUPPORT = "user.made_support"

    @property
    def subject_kind(self) -> str:
        return self.partition(".")[0]
