/*
 * The protocol between a node, the server and the writers of a channel: R1 to R8, R10 and W1 to W4 of
 * docs/coherence.md. Spin looks at every order of events within the bounds; tests/model/run starts it.
 *
 * One node, one key and one change of it are followed. Nodes touch each other only through what they publish
 * and through the leases that the server has recorded, and loads of a key only through memory; so the others
 * are publications and leases that come at any time. What was loaded before the change is old, and the rest is
 * as good as nothing: both `memory` and `load` say only whether the old value is there.
 *
 * Time is ages and counts that stop where nothing depends on them any more, so a run has no end. A lease is in
 * force while its age is at most LIFE, and `done` comes when the wait-out is over or later: where no bound is
 * strict, whole ticks find every violation that the moments in between have. Whatever is done late could be
 * lost and done again.
 *
 * A push is an entry of the history of its epoch, any one at any moment: lost, late, doubled, reordered. So what
 * waits for a gap to close needs no place of its own. A chain is a digest without collisions: its epoch, and
 * for each entry whether it is of the key, behind a leading 1.
 */
#ifndef BROKEN
#define BROKEN none
#endif
#define kept(rule) (BROKEN != rule)

mtype:rule = {
    none, poison_running_flights, poisoned_fill_nothing, fill_checks_generation, flush_drops_entries,
    capture_generation_first, join_only_under_lease, join_only_clean_flights, own_removal_first,
    own_removal_reaches_all, serve_only_under_lease, lease_counts_from_request, lease_after_catching_up,
    chains_must_match, chain_takes_candidate, gaps_are_replayed, lost_gap_rejoins, new_epoch_flushes, rejoin_takes_position,
    flush_after_reply, unpublished_is_retried, wait_out_before_done,
    wait_out_from_answer, wait_out_counts_drift, wait_out_for_longest_lease, lease_kept_until_it_lapses,
    leases_outlive_epoch, lost_lease_is_waited_out, done_needs_every_ack, ack_after_applying,
    ack_counts_in_its_epoch, new_epoch_has_grace, reap_only_silent_members,
    own_entry_waits_its_turn, own_entry_is_known_by_its_chain,
    validation_is_sent_after_the_read_began, validation_after_catching_up, validated_hit_asks_first,
    validated_miss_asks_first, unproven_read_takes_no_entry
};

/* Parts that a scenario adds. LEASES: the writer's own lease is shorter than the node's. SET_BACK: the server
 * goes back in the log of an epoch. ACKS: acknowledgements end the wait-out, and silent members are forgotten.
 * CALM: at some moment the faults end, and then everything must heal. OWN_ENTRIES: the node publishes, too, and applies
 * that with PUB's answer. VALIDATED: reads ask the server, and the node's clock stands still: a lease never ends. The
 * lease of R9 is such a read, too, which begins and ends with the subscription. FORGETS, with SET_BACK: the server goes back
 * to the beginning, and the node remembers no chain but the last. */
#ifdef LEASES
#define WITH_LEASES true
#define OWN_LEASE 1
#else
#define WITH_LEASES false
#define OWN_LEASE 2
#endif
#ifdef SET_BACK
#define WITH_SET_BACK true
#else
#define WITH_SET_BACK false
#endif
#ifdef FORGETS
#define WITH_FORGETS true
#define REMEMBERED 1
#else
#define WITH_FORGETS false
#define REMEMBERED (ENTRIES + 1)
#endif
#ifdef ACKS
#define WITH_ACKS true
#else
#define WITH_ACKS false
#endif
#ifdef CALM
#define WITH_CALM true
#else
#define WITH_CALM false
#endif

#ifdef OWN_ENTRIES
#define WITH_OWN_ENTRIES true
#else
#define WITH_OWN_ENTRIES false
#endif
#ifdef VALIDATED
#define WITH_VALIDATED true
#else
#define WITH_VALIDATED false
#endif

#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef ENTRIES /* of an epoch, at most 4 */
#define ENTRIES 2
#endif

#define LEASE 2 /* by the node's clock */
#define MARGIN 1
#define drift_of(lease) ((lease + 1) / 2)
#define LIFE (LEASE + drift_of(LEASE)) /* by the writer's clock, if the node's is the slowest that there may be */
#define LAPSED (LIFE + 1)
#define WAIT_OUT (LIFE + MARGIN)
#define lease_life(lease) (2 * (lease))

#ifdef SET_BACK
#define BITS 2 /* of an entry */
#else
#define BITS 1
#endif
#define SPAN 32 /* the bits of all entries and the leading one */
#define first_chain(of_epoch) ((of_epoch) * SPAN + 1)
#define next_chain(chain, entry) ((chain) / SPAN * SPAN + ((chain) % SPAN << BITS) + (entry))
#define earlier_chain(chain, entries) ((chain) / SPAN * SPAN + ((chain) % SPAN >> BITS * (entries)))

/* The server. */
byte epoch = 1;
byte last[EPOCHS + 1], chain[EPOCHS + 1]; /* where the log of each epoch ends */
byte log_begins = 1;
bool recorded; /* the node's lease */
byte recorded_age;
bool member;                 /* the node is one, in this epoch */
byte acked;                  /* and has acknowledged so much */
bool reaping, renewed_since; /* another writer has published, and waits it out; the node has renewed since */
byte reap_left;
byte fork_last, fork_chain; /* where the log of this epoch ended before it was set back */

/* The node. */
byte at_epoch, at, at_chain; /* what is applied; epoch 0: no position */
bool asked;                  /* a renewal is outstanding, with this position: */
byte carried_epoch, carried;
bool told; /* ... and answered; the answer is on its way */
byte told_age, told_epoch, told_last, told_chain;
bool granted; /* a lease waits until everything up to there is applied */
byte granted_age, granted_last, granted_chain;
byte lease_age = LAPSED;
bool memory;
bool load, load_fills, load_takes_readers;
byte own_epoch, own_at, own_chain; /* an entry of the node's own, whose answer is on the way; 0: none */
byte ahead, ahead_chain;           /* one that is applied, and whose turn is to come */
bool reading, proven;              /* a validated read has begun; a renewal in force was sent since: */
bool asked_in_read, granted_in_read;
bool read_must_see;                /* the change was published before */

/* The change and its writer. */
#define IDLE 0
#define COMMITTED 1
#define SENT 2
#define PUBLISHED 3 /* the server has it, and its answer is on the way */
#define ANSWERED 4  /* and waited out; or given up, and nothing is pending */
#define DONE 5
byte change = IDLE;
bool own; /* the node's own writer */
byte answered_epoch, answered_lease, since_sent, wait_left;
byte heard_epoch, heard_lease = OWN_LEASE, lost_lease, lost_left; /* of leases */

bool in_log; /* the change has been published, answered or not */
byte published_epoch, published_at;
bool all_acked;            /* that has been told */
byte seen_epoch, grace_left; /* the writer knows this epoch, and for how long its acknowledgements do not count */
byte acks_left;            /* the same for what it waits for now */

bool calm; /* time stands still and nothing is lost or changed */
byte renewals_when_calm;

byte needed; /* argument and work of the inlines below: Spin takes no conditional as one */

#define set_back (fork_last > 0)
#define acks_matter (WITH_ACKS && change != DONE)
#define must_see_change (change == DONE || (own && change >= SENT))
#define effective (lease_age <= LIFE || !kept(serve_only_under_lease))
#define caught_up (granted_last <= at)
#define is_remembered(entry) (at - (entry) < REMEMBERED)
/* With FORGETS only what is forgotten is taken for equal without the rule. */
#define chains_compared (kept(chains_must_match) || WITH_FORGETS)
#define is_ahead (ahead == at && (ahead_chain == at_chain || !kept(own_entry_is_known_by_its_chain)))
/* A read without proof takes neither an entry nor a load that has begun. */
#define may_take(asks_first) (proven || !kept(unproven_read_takes_no_entry) || (!(asks_first) && effective))

inline end_load() {
    load = false;
    load_fills = false;
    load_takes_readers = false
}

inline doom_load(fills_anyway) {
    load_fills = load_fills && fills_anyway;
    load_takes_readers = load_takes_readers && !kept(join_only_clean_flights);
    load = load_fills || load_takes_readers
}

/* The key, and what is loading it. */
inline remove() {
    memory = false;
    if
    :: kept(poison_running_flights) -> doom_load(!kept(poisoned_fill_nothing))
    :: else
    fi
}

inline flush() {
    memory = memory && !kept(flush_drops_entries);
    doom_load(!kept(fill_checks_generation) || !kept(capture_generation_first))
}

inline withdraw_grant() {
    granted = false;
    granted_in_read = false;
    granted_age = 0;
    granted_last = 0;
    granted_chain = 0
}

inline rejoin() {
    if
    :: !kept(flush_after_reply) -> flush()
    :: else
    fi;
    at_epoch = 0;
    at = 0;
    at_chain = 0;
    withdraw_grant()
}

inline try_grant() {
    if
    :: !granted
    :: granted && !caught_up && kept(lease_after_catching_up)
    :: granted && caught_up && !is_remembered(granted_last) && kept(chains_must_match) -> withdraw_grant()
    :: granted && caught_up && is_remembered(granted_last) && chains_compared && earlier_chain(at_chain, at - granted_last) != granted_chain ->
        rejoin()
    :: else ->
        lease_age = granted_age;
        proven = proven || granted_in_read;
        withdraw_grant()
    fi
}

inline forget_ahead() {
    ahead = 0;
    ahead_chain = 0
}

/* Entry number `entry` of a log that ends so. */
inline apply(log_last, log_chain, entry) {
    at_chain = earlier_chain(log_chain, log_last - (entry));
    at = entry;
    if
    :: at_chain % 2 == 1 && !is_ahead -> remove()
    :: else
    fi;
    if
    :: ahead <= at -> forget_ahead()
    :: else
    fi
}

inline end_own_publication() {
    own_epoch = 0;
    own_at = 0;
    own_chain = 0
}

/* R4a. As many are noted as have room: one. */
inline own_entry_answered() {
    if
    :: own_epoch == at_epoch && own_at > at && ahead == 0 ->
        if
        :: own_chain % 2 == 1 -> remove()
        :: else
        fi;
        if
        :: kept(own_entry_waits_its_turn) ->
            ahead = own_at;
            ahead_chain = own_chain
        :: else ->
            at = own_at;
            at_chain = own_chain
        fi
    :: else
    fi;
    end_own_publication()
}

inline offer_next(log_last, log_chain) {
    if
    :: chains_compared && earlier_chain(log_chain, log_last - at) != at_chain -> rejoin()
    :: else -> apply(log_last, log_chain, at + 1)
    fi;
    try_grant()
}

/* A history that is not the node's becomes its own. */
inline adopt() {
    if
    :: at_epoch == 0 && !kept(flush_after_reply)
    :: at_epoch != 0 && !kept(new_epoch_flushes)
    :: else -> flush()
    fi;
    if
    :: kept(rejoin_takes_position) ->
        at = told_last;
        at_chain = told_chain
    :: else
    fi;
    at_epoch = told_epoch;
    forget_ahead();
    if
    :: at_epoch > 1 -> last[at_epoch - 1] = 0; chain[at_epoch - 1] = 0 /* nothing reads it any more */
    :: else
    fi
}

inline end_renewal() {
    asked = false;
    asked_in_read = false;
    carried_epoch = 0;
    carried = 0;
    told = false;
    told_age = 0;
    told_epoch = 0;
    told_last = 0;
    told_chain = 0
}

#define rewound (carried_epoch == told_epoch && told_last < carried)

inline renewal_answered() {
    if
    :: told_epoch != at_epoch || rewound -> adopt()
    :: else
    fi;
    granted = true;
    granted_in_read = asked_in_read;
    proven = proven || (asked_in_read && !kept(validation_after_catching_up));
    granted_age = (kept(lease_counts_from_request) -> told_age : 0);
    granted_last = told_last;
    granted_chain = told_chain;
    end_renewal();
    try_grant()
}

inline tell_all_acked() {
    all_acked = all_acked || (published_epoch == epoch && (!member || acked >= published_at))
}

inline acknowledge(of_epoch, applied) {
    if
    :: (of_epoch == epoch || !kept(ack_counts_in_its_epoch)) && acked < applied -> acked = applied
    :: else
    fi;
    tell_all_acked()
}

proctype Node() {
end:
    do
    /* R1. A renewal that is sent earlier than the server takes it gets a shorter lease, and that is all. */
    :: d_step { !asked && (!calm || (renewals_when_calm < 4 && !granted)) ->
        renewals_when_calm = (calm -> renewals_when_calm + 1 : 0);
        asked = true;
        asked_in_read = reading && !proven;
        carried_epoch = (WITH_SET_BACK || WITH_ACKS -> at_epoch : 0);
        carried = (WITH_SET_BACK || WITH_ACKS -> at : 0) }
    :: d_step { asked && !told ->
        told = true;
        told_epoch = epoch;
        told_last = last[epoch];
        told_chain = chain[epoch];
        recorded = WITH_LEASES;
        recorded_age = 0;
        renewed_since = reaping;
        if
        :: acks_matter ->
            member = true;
            acknowledge(carried_epoch, carried)
        :: else
        fi }
    :: d_step { member && at_epoch == epoch && acked < at -> acknowledge(at_epoch, at) }
    :: d_step { member && at_epoch == epoch && acked < last[epoch] && !kept(ack_after_applying) ->
        acknowledge(at_epoch, last[epoch]) }
    :: d_step { told -> renewal_answered() }
    :: d_step { !calm && asked -> end_renewal() }

    /* R4. A push of the next entry; any other brings nothing, or asks for a replay. */
    :: d_step { !calm && at_epoch != 0 && at < last[at_epoch] -> offer_next(last[at_epoch], chain[at_epoch]) }
    :: d_step { !calm && at_epoch != 0 && at + 1 < last[at_epoch] && !kept(gaps_are_replayed) ->
        apply(last[at_epoch], chain[at_epoch], at + 2);
        try_grant() }
    /* A replay's answer does not say of which epoch it is. */
    :: d_step { !calm && at_epoch != 0 && at_epoch < epoch && at < last[epoch] -> offer_next(last[epoch], chain[epoch]) }
    /* Entries of a history that is over arrive, too: the next one, and one that shows it. */
    :: d_step { at_epoch == epoch && at < fork_last -> offer_next(fork_last, fork_chain) }
    :: d_step { set_back && at_epoch == epoch && at >= fork_last && is_remembered(fork_last) && chains_compared &&
                earlier_chain(at_chain, at - fork_last) != fork_chain -> rejoin() }
    /* R5, R8. The log does not have the gap any more, or something cannot be decoded. */
    :: d_step { !calm && at_epoch != 0 -> rejoin() }

    /* When nothing is lost any more a replay brings what there is. */
    :: d_step { calm && granted && !caught_up && kept(gaps_are_replayed) ->
        if
        :: log_begins <= at + 1 && at < last[epoch] -> offer_next(last[epoch], chain[epoch])
        :: else ->
            if
            :: kept(lost_gap_rejoins) -> rejoin()
            :: else -> renewals_when_calm = 4
            fi
        fi }

    /* R3. A load begins when it reads the source: one that begins earlier is poisoned by more. */
    :: d_step { !calm && !load && change == IDLE ->
        load = true;
        load_fills = true;
        load_takes_readers = true }
    :: d_step { load ->
        memory = memory || load_fills;
        end_load() }

    /* R4a */
    :: d_step { own_at != 0 -> own_entry_answered() }
    :: d_step { own_at != 0 -> end_own_publication() } /* it is lost, or does not count */

    /* R10. A read begins, and ends with or without an answer of the server. */
    :: d_step { WITH_VALIDATED && !reading && !calm ->
        reading = true;
        read_must_see = in_log;
        asked_in_read = asked && !kept(validation_is_sent_after_the_read_began);
        granted_in_read = granted && !kept(validation_is_sent_after_the_read_began) }
    :: d_step { reading && !calm ->
        reading = false;
        proven = false;
        read_must_see = false;
        asked_in_read = false;
        granted_in_read = false }
    :: d_step { read_must_see && memory && may_take(kept(validated_hit_asks_first)) -> assert(!memory) }
    :: d_step { read_must_see && load_takes_readers && may_take(kept(validated_miss_asks_first)) -> assert(!load) }

    /* R2, R3b. A read begins. */
    :: d_step { must_see_change && effective && memory -> assert(!memory) }
    :: d_step { must_see_change && load_takes_readers && (effective || !kept(join_only_under_lease)) -> assert(!load) }
    od
}

inline append(of_key) {
    chain[epoch] = next_chain(chain[epoch], of_key + (set_back && kept(chain_takes_candidate) -> 2 : 0));
    last[epoch]++;
    renewals_when_calm = 0
}

inline note_own_publication() {
    own_epoch = epoch;
    own_at = last[epoch];
    own_chain = chain[epoch]
}

inline forget_member() {
    member = false;
    acked = 0;
    reaping = false;
    renewed_since = false;
    reap_left = 0
}

inline begin_epoch() {
    forget_member();
    epoch++;
    chain[epoch] = first_chain(epoch);
    log_begins = 1
}

inline forget_lease() {
    recorded = false;
    recorded_age = 0
}

#define full (last[epoch] == ENTRIES)

proctype Server() {
end:
    do
    /* Others publish. */
    :: d_step { !calm && !full -> append(0) }
    :: d_step { !calm && !full -> append(1) }
    /* So does the node. */
    :: d_step { WITH_OWN_ENTRIES && !full && own_at == 0 -> append(0); note_own_publication() }
    :: d_step { WITH_OWN_ENTRIES && !full && own_at == 0 -> append(1); note_own_publication() }
    /* What it had is lost, but for the leases; or they are, too, and then what the writer has heard counts. */
    :: d_step { !calm && epoch < EPOCHS ->
        begin_epoch();
        if
        :: !kept(leases_outlive_epoch) -> forget_lease()
        :: else
        fi }
    :: d_step { WITH_LEASES && epoch < EPOCHS && heard_epoch == epoch && (heard_lease == LEASE || !recorded) ->
        begin_epoch();
        forget_lease() }
    /* W4 */
    :: d_step { recorded && (recorded_age >= lease_life(LEASE) || !kept(lease_kept_until_it_lapses)) -> forget_lease() }

    /* W4. Another writer's publication is waited out, and it forgets who was silent meanwhile. One that comes behind
     * the change is waited out when that is, too. */
    :: d_step { WITH_ACKS && member && !reaping && change < PUBLISHED ->
        reaping = true;
        reap_left = WAIT_OUT }
    :: d_step { reaping && reap_left == 0 ->
        if
        :: !renewed_since || !kept(reap_only_silent_members) ->
            forget_member();
            tell_all_acked()
        :: else ->
            reaping = false;
            renewed_since = false
        fi }

    :: d_step { WITH_SET_BACK && !set_back && last[epoch] > 0 && change < PUBLISHED ->
        fork_last = last[epoch];
        fork_chain = chain[epoch];
        last[epoch] = (WITH_FORGETS -> 0 : last[epoch] - 1);
        chain[epoch] = earlier_chain(chain[epoch], fork_last - last[epoch]) }

    :: d_step { WITH_CALM && !calm && log_begins <= last[epoch] -> log_begins++ }
    :: d_step { WITH_CALM && !calm -> calm = true }
    od
}

#define longest_recorded ((recorded || !WITH_LEASES) -> LEASE : OWN_LEASE)
#define longest_heard ((lost_left > 0 && lost_lease > heard_lease && kept(lost_lease_is_waited_out)) -> \
                       lost_lease : heard_lease)

inline hear(of_epoch) {
    if
    :: heard_epoch != of_epoch ->
        lost_lease = longest_heard;
        lost_left = lease_life(lost_lease);
        heard_epoch = of_epoch
    :: else
    fi;
    heard_lease = needed
}

/* W3 */
inline see(of_epoch) {
    if
    :: acks_matter && seen_epoch != of_epoch ->
        seen_epoch = of_epoch;
        grace_left = WAIT_OUT
    :: else
    fi
}

inline begin_wait_out() {
    see(published_epoch);
    acks_left = (kept(new_epoch_has_grace) -> grace_left : 0);
    needed = (kept(wait_out_for_longest_lease) -> needed : OWN_LEASE);
    needed = needed + (kept(wait_out_counts_drift) -> drift_of(needed) : 0) + MARGIN;
    wait_left = (needed > since_sent -> needed - since_sent : 0);
    wait_left = (kept(wait_out_before_done) -> wait_left : 0);
    needed = 0;
    since_sent = 0;
    answered_epoch = 0;
    answered_lease = 0;
    change = ANSWERED
}

/* Then nothing depends on acknowledgements any more. */
inline be_done() {
    change = DONE;
    wait_left = 0;
    forget_member();
    published_epoch = 0;
    published_at = 0;
    all_acked = false;
    seen_epoch = 0;
    grace_left = 0;
    acks_left = 0
}

proctype Writer() {
end:
    do
    :: d_step { !calm && change == IDLE -> change = COMMITTED }
    /* By another node; by this one, through the cache that is looked at; through another cache of the channel. */
    :: d_step { change == COMMITTED -> change = SENT }
    :: d_step { change == COMMITTED ->
        own = true;
        change = SENT;
        if
        :: kept(own_removal_first) -> remove()
        :: else
        fi }
    :: d_step { change == COMMITTED && !(kept(own_removal_first) && kept(own_removal_reaches_all)) ->
        own = true;
        change = SENT }

    :: d_step { change == SENT && !full ->
        append(1);
        in_log = WITH_VALIDATED;
        if
        :: WITH_OWN_ENTRIES && own -> note_own_publication()
        :: else
        fi;
        answered_epoch = (WITH_LEASES -> epoch : 0);
        answered_lease = longest_recorded;
        if
        :: WITH_ACKS ->
            published_epoch = epoch;
            published_at = last[epoch];
            all_acked = !kept(done_needs_every_ack);
            tell_all_acked()
        :: else
        fi;
        change = PUBLISHED }
    /* Without an answer it stays pending. */
    :: d_step { !calm && change == PUBLISHED ->
        answered_epoch = 0;
        answered_lease = 0;
        published_epoch = 0;
        published_at = 0;
        all_acked = false;
        since_sent = 0;
        change = SENT }
    :: d_step { change == SENT && !kept(unpublished_is_retried) ->
        needed = OWN_LEASE;
        begin_wait_out() }
    :: d_step { change == PUBLISHED && WITH_LEASES ->
        needed = answered_lease;
        hear(answered_epoch);
        needed = longest_heard;
        begin_wait_out() }
    :: d_step { change == PUBLISHED && !WITH_LEASES ->
        needed = answered_lease;
        begin_wait_out() }
    :: d_step { !calm && change == ANSWERED && wait_left == 0 -> be_done() }
    /* W2 */
    :: d_step { change == ANSWERED && all_acked && acks_left == 0 -> be_done() }
    :: d_step { acks_matter && seen_epoch != epoch -> see(epoch) }
    /* A renewal of the writer's own node. */
    :: d_step { WITH_LEASES && (heard_epoch != epoch || heard_lease != longest_recorded) ->
        needed = longest_recorded;
        hear(epoch);
        needed = 0 }
    od
}

#define grows(age, bound) age = (age < bound -> age + 1 : bound)
#define shrinks(count) count = (count > 0 -> count - 1 : 0)

proctype Time() {
end:
    do
    :: d_step { !WITH_CALM && !WITH_VALIDATED ->
        grows(lease_age, LAPSED);
        grows(told_age, (told -> LAPSED : 0));
        grows(granted_age, (granted -> LAPSED : 0));
        grows(recorded_age, (recorded -> lease_life(LEASE) : 0));
        grows(since_sent, ((change == SENT || change == PUBLISHED) && !kept(wait_out_from_answer) -> LAPSED : 0));
        shrinks(lost_left);
        shrinks(grace_left);
        shrinks(acks_left);
        shrinks(reap_left);
        shrinks(wait_left) }
    od
}

/* When nothing more can happen. */
proctype Healed() {
    calm && timeout;
    assert(lease_age <= LIFE && at_epoch == epoch && at == last[epoch]);
    assert(proven || !reading)
}

init {
    atomic {
        /* What runs last is tried first, and finds a broken promise soonest. */
        chain[1] = first_chain(1);
        run Healed();
        run Time();
        run Writer();
        run Server();
        run Node()
    }
}
