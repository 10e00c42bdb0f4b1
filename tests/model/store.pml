/*
 * The store tier: a value with its era, the claim of its load, and what a publication does to them: S1, S2, S5 to
 * S7 and S13 of docs/coherence.md. Spin looks at every order of events; tests/model/run starts it.
 *
 * One key, one change of it, and two nodes with a load each; node 0 may be the one that makes the change. A value
 * is old when it was read before the source had the change. What coherence.pml shows is taken as given: a node
 * has its lease, and `done` comes when all have applied the change.
 *
 * Requests take any time. One whose node has given up waiting is processed all the same, or lost. A load's token
 * is its number: it begins again only when nothing with its token is left.
 */
#ifndef BROKEN
#define BROKEN none
#endif
#define kept(rule) (BROKEN != rule)

mtype:rule = {
    none, one_claim_in_the_fleet, fill_needs_claim, publication_empties_store, store_checks_epoch,
    flight_covers_store_read, claim_before_load, offer_waits_for_claim, unpublished_bypasses_store,
    others_bypass_store, retry_bypasses_store
};

#define NODES 2
#define NOTHING 0
#define OLD 1
#define NEW 2
#define OURS 3   /* of an answer to FETCH */
#define THEIRS 4

#define IDLE 0
#define ASKS 1   /* the store */
#define LOADS 2  /* from the source */
#define FILLS 3  /* the store */
#define OFFERS 4 /* instead of all that: the claim is asked for */

typedef Load {
    byte step, value;
    bool poisoned, claimed;
    bool fetch, fill; /* requests on their way */
    byte fill_value, answer;
    byte memory; /* of its node */
    bool applied
};
Load load[NODES];

/* The server. Current: of the era that holds. */
byte stored;
bool stored_current, claim_current;
byte claim = NODES; /* whose it is; NODES: none stands */
bool restarted;

/* The change. */
#define COMMITTED 1
#define PUBLISHING 2
#define PUBLISHED 3
#define DONE 4
byte change;
bool own;          /* of node 0 */
bool other_cache;  /* invalidated through another cache of the channel there */
bool again;        /* publishing failed, and is repeated */

#define must_see_change(n) (change == DONE || (own && n == 0 && change >= PUBLISHING))
#define current(flag) (flag || !kept(store_checks_epoch))
#define claim_stands (claim < NODES && current(claim_current))
#define bypasses(n) (own && n == 0 && change == PUBLISHING && (again -> kept(retry_bypasses_store) : \
    (kept(unpublished_bypasses_store) && (!other_cache || kept(others_bypass_store)))))

inline remove(n) {
    load[n].memory = NOTHING;
    load[n].poisoned = load[n].step != IDLE && load[n].step != OFFERS
}

/* It yields a value to its readers. */
inline land(n, remember) {
    if
    :: remember && !load[n].poisoned -> load[n].memory = load[n].value
    :: else
    fi;
    load[n].step = IDLE;
    load[n].value = NOTHING;
    load[n].poisoned = false;
    load[n].claimed = false
}

inline drop_claim() {
    claim = NODES;
    claim_current = false
}

inline drop_value() {
    stored = NOTHING;
    stored_current = false
}

inline take_claim(n) {
    claim = n;
    claim_current = true;
    load[n].answer = OURS
}

#define quiet(n) (load[n].step == IDLE && !load[n].fetch && !load[n].fill && claim != n)

proctype Node(byte n) {
end:
    do
    /* A load begins (S5), and asks the store if it may (S7). */
    :: d_step { quiet(n) && !bypasses(n) ->
        load[n].step = ASKS;
        load[n].fetch = true }
    :: d_step { quiet(n) && bypasses(n) -> load[n].step = LOADS }
    :: d_step { load[n].step == ASKS && load[n].answer != NOTHING ->
        load[n].poisoned = load[n].poisoned && kept(flight_covers_store_read);
        if
        :: load[n].answer == OURS ->
            load[n].claimed = true;
            load[n].step = LOADS
        :: load[n].answer == THEIRS && !bypasses(n) -> load[n].fetch = true /* when that one has ended */
        :: load[n].answer == THEIRS && bypasses(n) -> load[n].step = LOADS
        :: else ->
            load[n].value = load[n].answer;
            land(n, true)
        fi;
        load[n].answer = NOTHING }
    /* S6, S12: it goes alone, and whether and when the claim is taken it does not know. */
    :: d_step { load[n].step == ASKS && load[n].answer == NOTHING ->
        load[n].claimed = !kept(claim_before_load);
        load[n].step = LOADS }
    :: d_step { load[n].step == LOADS && load[n].value == NOTHING -> load[n].value = (change == IDLE -> OLD : NEW) }
    :: d_step { load[n].step == LOADS && load[n].value != NOTHING ->
        if
        :: load[n].claimed && !load[n].poisoned ->
            load[n].step = FILLS;
            load[n].fill = true;
            load[n].fill_value = load[n].value
        :: else -> land(n, true)
        fi }
    :: d_step { load[n].step == FILLS -> land(n, true) } /* answered or not */
    :: d_step { load[n].step == FILLS -> land(n, false) } /* S9 */

    /* S13. The offered value is one from before the change. */
    :: d_step { quiet(n) && change == IDLE ->
        load[n].step = OFFERS;
        load[n].fetch = true;
        load[n].fill = !kept(offer_waits_for_claim);
        load[n].fill_value = (load[n].fill -> OLD : NOTHING) }
    :: d_step { load[n].step == OFFERS && load[n].answer == OURS ->
        load[n].fill = true;
        load[n].fill_value = OLD;
        load[n].answer = NOTHING;
        load[n].step = IDLE }
    :: d_step { load[n].step == OFFERS -> load[n].step = IDLE; load[n].answer = NOTHING }

    /* R3 */
    :: d_step { change == PUBLISHED && !load[n].applied ->
        remove(n);
        load[n].applied = true }

    /* A read begins: memory has it, or a load does that it may join. */
    :: d_step { must_see_change(n) && load[n].memory == OLD -> assert(load[n].memory != OLD) }
    :: d_step { must_see_change(n) && !load[n].poisoned && load[n].step != OFFERS &&
                (load[n].value == OLD || load[n].answer == OLD) -> assert(load[n].poisoned) }
    od
}

/* The requests of one node at the server. */
proctype Requests(byte n) {
end:
    do
    :: d_step { load[n].fetch && load[n].step != OFFERS ->
        load[n].fetch = false;
        if
        :: load[n].fill -> take_claim(n) /* of an offer that has been given up */
        :: !load[n].fill && stored != NOTHING && current(stored_current) -> load[n].answer = stored
        :: else ->
            if
            :: claim_stands && claim != n && kept(one_claim_in_the_fleet) -> load[n].answer = THEIRS
            :: else ->
                assert(!claim_stands || claim == n);
                take_claim(n)
            fi
        fi;
        load[n].answer = (load[n].step == ASKS -> load[n].answer : NOTHING) }
    /* An offer takes over. When its claim comes behind the publication they overlap, and either may win. */
    :: d_step { load[n].fetch && load[n].step == OFFERS && change < PUBLISHED ->
        load[n].fetch = false;
        take_claim(n) }
    :: d_step { load[n].fill && !load[n].fetch ->
        if
        :: (claim_stands && claim == n) || !kept(fill_needs_claim) ->
            stored = load[n].fill_value;
            stored_current = true;
            drop_claim()
        :: else
        fi;
        load[n].fill = false;
        load[n].fill_value = NOTHING }
    :: d_step { load[n].fetch && load[n].step != OFFERS -> load[n].fetch = false }
    :: d_step { load[n].fill -> load[n].fill = false; load[n].fill_value = NOTHING }
    od
}

proctype Server() {
end:
    do
    :: d_step { claim < NODES -> drop_claim() } /* it lapses, or is given back */
    :: d_step { stored != NOTHING -> drop_value() }
    /* It comes back with what it had once, as another epoch. */
    :: d_step { !restarted ->
        restarted = true;
        stored = OLD;
        stored_current = false;
        claim_current = false }
    /* S2 */
    :: d_step { change >= PUBLISHED && stored == OLD && current(stored_current) -> assert(stored != OLD) }
    od
}

inline publish() {
    if
    :: kept(publication_empties_store) -> drop_value(); drop_claim()
    :: else
    fi
}

proctype Writer() {
end:
    do
    :: d_step { change == IDLE -> change = COMMITTED }
    :: d_step { change == COMMITTED -> change = PUBLISHING }
    :: d_step { change == COMMITTED -> change = PUBLISHING; own = true; remove(0) }
    :: d_step { change == COMMITTED && !kept(others_bypass_store) ->
        change = PUBLISHING;
        own = true;
        other_cache = true;
        remove(0) }
    :: d_step { change == PUBLISHING -> publish(); change = PUBLISHED }
    :: d_step { change == PUBLISHING -> again = own } /* nothing came of it, or only the answer is lost: */
    :: d_step { change == PUBLISHING -> publish(); again = own }
    /* `all` empties nothing and counts the generation. */
    :: d_step { change == PUBLISHING && kept(publication_empties_store) ->
        stored_current = false;
        claim_current = false;
        change = PUBLISHED }
    :: d_step { change == PUBLISHED && load[0].applied && load[1].applied -> change = DONE }
    od
}

init {
    atomic {
        run Server();
        run Writer();
        run Requests(0);
        run Requests(1);
        run Node(0);
        run Node(1)
    }
}
