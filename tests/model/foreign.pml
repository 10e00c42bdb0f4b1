/*
 * Programs that know nothing of Tutti: their events have no sequence, are pushed once and cannot be replayed. The probe
 * of R1, the flush after an interruption, and S8 of docs/coherence.md. Spin looks at every order of events;
 * tests/model/run starts it.
 *
 * One node, one key and one change of it are followed, which a foreign program makes and publishes. Other nodes are a
 * claim under which the old value is stored at any time, and a DROP at any time. Time is as in coherence.pml, and so is
 * what is written of whole ticks there; the log has nothing to tell, so a renewal is answered with all applied.
 *
 * A subscription is a connection of its own: what the server puts in comes out in that order, or from some moment on
 * not at all. That it is over the node may learn at any time, or never. Only a probe says that it is not.
 */
#ifndef BROKEN
#define BROKEN none
#endif
#define kept(rule) (BROKEN != rule)

mtype:rule = {
    none, lease_needs_probe, disconnect_flushes_foreign, new_epoch_flushes, poison_running_flights,
    join_only_under_lease, serve_only_under_lease, lease_counts_from_request,
    disconnect_empties_store, foreign_bypasses_store, foreign_needs_lease_for_store, fill_needs_claim
};

#define LIFE 1 /* of a lease, by the clock of the promise */
#define LAPSED (LIFE + 1)
#define WAIT_OUT (LIFE + 1)

/* The subscription. */
#define DOWN 0
#define TAKEN 1 /* by the server, which pushes from now on; the node has not heard */
#define UP 2
byte subscription;
bool alive; /* what the server puts in comes out */
bool event; /* is in there */

/* Renewal and probe. */
bool asked, told;
byte asked_age;
#define NO_PROBE 0
#define SENT 1
#define BACK 2 /* its answer is in the subscription, */
byte probe;
bool behind_event; /* behind the event */
bool probed;

/* The node. */
bool joined, adopted; /* has subscribed, and has a position */
byte lease_age = LAPSED;
bool memory; /* has the old value */
#define IDLE 0
#define ASKS 1  /* the store */
#define LOADS 2 /* from the source */
#define HAS 3   /* the old value */
#define FILLS 4 /* the store with it */
byte step;
bool poisoned, claimed;
bool late;               /* the load began when the change had to be seen */
bool drop_due, dropping; /* a DROP is to be sent; one is under way */
bool dropped;            /* and the server has taken it */

/* The server. */
bool fetch, fill; /* requests on their way */
#define NOTHING 0
#define VALUE 1 /* the old one */
#define CLAIM 2
#define WAIT 3
byte answer;
bool stored;
#define NONE 0
#define OURS 1
#define THEIRS 2 /* of the others, whose load has read the old value */
byte claim;

/* The change. */
#define COMMITTED 1
#define PUBLISHED 2
byte change, wait_left;

#define effective (lease_age <= LIFE)
#define must_see_change (change == PUBLISHED && wait_left == 0)
#define may_use_store ((effective || !kept(foreign_needs_lease_for_store)) && \
                       (!(drop_due || dropping) || !kept(foreign_bypasses_store)))

inline end_load() {
    step = IDLE;
    poisoned = false;
    claimed = false;
    late = false
}

inline remove() {
    memory = false;
    poisoned = poisoned || (step != IDLE && kept(poison_running_flights))
}

inline end_renewal() {
    asked = false;
    told = false;
    asked_age = 0;
    probe = NO_PROBE;
    behind_event = false;
    probed = false
}

inline lose_event() {
    event = false;
    probe = (behind_event -> NO_PROBE : probe);
    behind_event = false
}

inline keep() {
    memory = memory || !poisoned
}

#define quiet (step == IDLE && !fetch && !fill && claim != OURS)

proctype Node() {
end:
    do
    /* R1 */
    :: d_step { joined && !asked ->
        asked = true;
        probe = (subscription == UP -> SENT : NO_PROBE) }
    :: d_step { asked && !told ->
        told = true;
        if
        :: !adopted && kept(new_epoch_flushes) -> remove()
        :: else
        fi;
        adopted = true }
    :: d_step { told && (probed || !kept(lease_needs_probe)) ->
        lease_age = (kept(lease_counts_from_request) -> asked_age : 0);
        end_renewal() }
    :: d_step { asked -> end_renewal() }

    :: d_step { subscription == TAKEN ->
        subscription = UP;
        if
        :: joined && kept(disconnect_flushes_foreign) -> remove()
        :: else
        fi;
        joined = true;
        drop_due = drop_due || kept(disconnect_empties_store) }
    :: d_step { subscription != DOWN ->
        subscription = DOWN;
        alive = false;
        lose_event();
        probe = NO_PROBE }
    :: d_step { subscription == UP && event ->
        event = false;
        behind_event = false;
        remove();
        drop_due = true }
    :: d_step { subscription == UP && probe == BACK && !behind_event ->
        probe = NO_PROBE;
        probed = true }

    /* S8 */
    :: d_step { drop_due && !dropping ->
        drop_due = false;
        dropping = true }
    :: d_step { dropping && dropped ->
        dropping = false;
        dropped = false }
    :: d_step { dropping ->
        dropping = false;
        dropped = false;
        drop_due = true }

    /* Loads, as in store.pml. */
    :: d_step { quiet && may_use_store ->
        step = ASKS;
        fetch = true;
        late = must_see_change }
    :: d_step { quiet && !may_use_store && change == IDLE -> step = LOADS }
    :: d_step { step == ASKS && answer == VALUE ->
        assert(!late);
        keep();
        end_load();
        answer = NOTHING }
    :: d_step { step == ASKS && answer == CLAIM ->
        claimed = true;
        step = LOADS;
        answer = NOTHING }
    :: d_step { step == ASKS && answer == WAIT ->
        answer = NOTHING;
        fetch = may_use_store;
        step = (fetch -> ASKS : LOADS) }
    :: d_step { step == ASKS && answer == NOTHING -> step = LOADS } /* S6 */
    :: d_step { step == LOADS && change == IDLE -> step = HAS }
    :: d_step { step == LOADS && change != IDLE -> end_load() }
    :: d_step { step == HAS && claimed && !poisoned ->
        step = FILLS;
        fill = true }
    :: d_step { step == HAS && !(claimed && !poisoned) -> keep(); end_load() }
    :: d_step { step == FILLS -> keep(); end_load() } /* answered or not */
    :: d_step { step == FILLS -> end_load() } /* S9 */
    :: d_step { memory -> memory = false } /* evicted */

    /* A read begins: memory has it, or a load does that it may join. */
    :: d_step { must_see_change && memory && (effective || !kept(serve_only_under_lease)) -> assert(!memory) }
    :: d_step { must_see_change && !poisoned && (effective || !kept(join_only_under_lease)) &&
                (step >= HAS || answer == VALUE) -> assert(poisoned) }
    od
}

/* What the server does with the subscription, and with requests, which arrive late or never. */
proctype Server() {
end:
    do
    :: d_step { subscription == DOWN ->
        subscription = TAKEN;
        alive = true }
    :: d_step { alive -> alive = false }
    :: d_step { !alive && event -> lose_event() }
    :: d_step { alive && subscription == UP && probe == SENT ->
        probe = BACK;
        behind_event = event }

    :: d_step { dropping && !dropped ->
        dropped = true;
        stored = false;
        claim = NONE }
    :: d_step { claim != NONE || stored -> claim = NONE; stored = false } /* another node's DROP */
    :: d_step { claim != NONE -> claim = NONE } /* it lapses, or is given back */
    :: d_step { fetch ->
        fetch = false;
        if
        :: step != ASKS -> claim = (claim == NONE -> OURS : claim)
        :: step == ASKS && stored -> answer = VALUE
        :: step == ASKS && !stored && claim == THEIRS -> answer = WAIT
        :: step == ASKS && !stored && claim != THEIRS -> claim = OURS; answer = CLAIM
        fi }
    :: d_step { fill && !fetch ->
        stored = stored || claim == OURS || !kept(fill_needs_claim);
        claim = (claim == OURS -> NONE : claim);
        fill = false }
    :: d_step { fetch && step != ASKS -> fetch = false }
    :: d_step { fill -> fill = false }

    /* Others load before the change, and store it whenever. */
    :: d_step { claim == NONE && change == IDLE -> claim = THEIRS }
    :: d_step { claim == THEIRS ->
        stored = true;
        claim = NONE }
    od
}

proctype Foreign() {
end:
    do
    :: d_step { change == IDLE -> change = COMMITTED }
    :: d_step { change == COMMITTED ->
        event = alive;
        wait_left = WAIT_OUT;
        change = PUBLISHED }
    od
}

#define grows(age, bound) age = (age < bound -> age + 1 : bound)

proctype Time() {
end:
    do
    :: d_step { true ->
        grows(lease_age, LAPSED);
        grows(asked_age, (asked -> LAPSED : 0));
        wait_left = (wait_left > 0 -> wait_left - 1 : 0) }
    od
}

init {
    atomic {
        run Time();
        run Foreign();
        run Server();
        run Node()
    }
}
