#!/bin/sh
# Makes the namespace and the search attributes that the workflows write; what exists already is left alone.
# The cluster and the namespace come from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

repeat_until_done() {
    tries=60
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || exit 1
        sleep 1
    done
}

ensure_namespace() {
    temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
        # Histories of ended subscriptions are kept for 30 days; what must last is in the product's database.
        temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
}

ensure_search_attributes() {
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
        --name SubscriptionStatus --type Keyword \
        --name PlanCode --type Keyword \
        --name UserId --type Keyword \
        --name SubscriptionId --type Keyword \
        --name NextActionAt --type Datetime \
        --name DunningAttempt --type Int \
        --name Parked --type Bool
}

# An open port is not yet a server that answers, and the server takes seconds to notice a new namespace.
repeat_until_done temporal operator cluster health
repeat_until_done ensure_namespace
repeat_until_done ensure_search_attributes
