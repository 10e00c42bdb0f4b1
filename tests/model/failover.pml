/*
 * A primary that is replaced, and does not know it: W5 of docs/coherence.md, with three servers. Spin looks at
 * every order of events within the bounds; tests/model/run starts it.
 *
 * One node, one key and one change of it are followed, as in coherence.pml, whose remarks on time hold here, too. A
 * log has nothing but the change. What a replica has received does not matter: whatever takes a primary's place
 * begins another epoch. What matters is who follows whom, since an answer counts when a replica has it.
 *
 * A replica only moves on to a newer primary. With BACKWARDS it may return to an older one, and a promise is broken:
 * what the older one is told then counts, and so did what the newer one has granted.
 *
 * VALIDATED: reads ask the server, and the clocks stand still: a lease never ends.
 *
 * ACKS: acknowledgements end the wait-out, and nothing else does. What a member has acknowledged is true of it whichever
 * server has heard it; so one mark stands for those of the old primary, of the new one, and of a replica that was promoted
 * and has not begun its own epoch yet. Only who is a member differs: that one knows who was when it ceased to follow.
 *
 * OWN: the change is the node's own, so it must be seen from the call on. The store may be another server than the
 * one that has taken the change; until a renewal says more the node believes none of its values.
 */
#ifndef BROKEN
#define BROKEN none
#endif
#define kept(rule) (BROKEN != rule)

mtype:rule = {
    none, answers_count_with_copies, store_needs_lease_of_its_epoch, store_needs_lease_where_replaced,
    new_epoch_flushes, wait_out_before_done, serve_only_under_lease, lease_counts_from_request,
    validation_is_sent_after_the_read_began, done_needs_every_ack, ack_after_applying, ack_counts_in_its_epoch,
    ack_not_beyond_the_log, new_epoch_has_grace, own_removal_first, unpublished_bypasses_store, publication_moves_fence,
    late_renewal_opens_no_fence
};

#ifdef VALIDATED
#define WITH_VALIDATED true
#else
#define WITH_VALIDATED false
#endif

#ifdef ACKS
#define WITH_ACKS true
#else
#define WITH_ACKS false
#endif

#ifdef OWN
#define WITH_OWN true
#else
#define WITH_OWN false
#endif

#define SERVERS 3
#define EPOCHS 2 /* each has a primary of its own, until that is demoted */
#if defined(ACKS) || defined(OWN)
#define LIFE 1 /* of a lease, by the writer's clock, if the node's is the slowest that there may be */
#else
#define LIFE 3
#endif
#define LAPSED (LIFE + 1)
#define WAIT_OUT (LIFE + 1)

/* The servers. */
byte epochs = 1;
byte primary[EPOCHS + 1]; /* of this epoch: the server's number and 1; 0: there is none any more */
byte follows[SERVERS];    /* this epoch's primary, or is that */
bool published[EPOCHS + 1]; /* the change is in its log */
bool claim[EPOCHS + 1];     /* of a load that began before the change */
bool stored[EPOCHS + 1];    /* the old value */
byte others_age[EPOCHS + 1] = LAPSED; /* of the youngest lease that another node has from there */

bool member[EPOCHS + 1], acked[EPOCHS + 1]; /* the node is one there, and has acknowledged the change */
bool begun;                                 /* the second epoch; before, its primary goes by what it has of the first: */
bool copy_knows;                            /* the node or the change */

/* The node. */
byte at_epoch;
bool applied; /* the change, in that epoch */
bool told, told_counts, told_published; /* a renewal that a server has taken; its answer is on the way */
byte told_epoch, told_age;
byte lease_age = LAPSED;
bool reading, read_must_see; /* a validated read has begun; the change was published before */
bool told_in_read, proven;   /* a server has taken that renewal since; it counts, and is applied */
bool fence_closed; /* between an own change that another epoch has, and a renewal; */
bool told_late;    /* one of other epochs does not count that was sent before */
bool memory; /* has the old value */
bool load;   /* fills memory with it */

/* The change and its writer. */
#define IDLE 0
#define SENT 1
#define PUBLISHED 2 /* a server has it, and its answer does not count yet */
#define ANSWERED 3
#define DONE 4
byte change = IDLE, published_epoch, wait_left;
byte seen_epoch, grace_left; /* the writer knows this one, and for how long its acknowledgements do not count */
bool all_acked;              /* that has been told */

byte server, other; /* work of the steps below */

#define replicates(s, e) (follows[s] == e && primary[e] != s + 1)
#define has_copies(e) (primary[e] != 0 && (replicates(0, e) || replicates(1, e) || replicates(2, e)))
#define effective (lease_age <= LIFE)
#define acks_matter (WITH_ACKS && change != DONE)
#define fenced(e) ((at_epoch == e || !kept(store_needs_lease_of_its_epoch)) && \
                   (effective || !kept(store_needs_lease_where_replaced)) && !fence_closed)
#define publishing (WITH_OWN && kept(unpublished_bypasses_store) && (change == SENT || change == PUBLISHED))
#define must_see_change (change == DONE || (WITH_OWN && change >= SENT))
#define may_claim(e) (others_age[e] <= LIFE || !kept(store_needs_lease_where_replaced))
#ifdef BACKWARDS
#define may_follow(s, e) (follows[s] != e)
#else
#define may_follow(s, e) (follows[s] < e)
#endif

inline flush() {
    memory = false;
    load = false
}

inline end_renewal() {
    told = false;
    told_late = false;
    told_in_read = false;
    told_counts = false;
    told_published = false;
    told_epoch = 0;
    told_age = 0
}

inline renewal_answered() {
    if
    :: at_epoch != told_epoch && kept(new_epoch_flushes) -> flush()
    :: at_epoch == told_epoch && told_published -> flush()
    :: else
    fi;
    applied = WITH_ACKS && (told_published || (applied && at_epoch == told_epoch));
    fence_closed = fence_closed && told_late && told_epoch != published_epoch && kept(late_renewal_opens_no_fence);
    at_epoch = told_epoch;
    lease_age = (kept(lease_counts_from_request) -> told_age : 0);
    proven = proven || told_in_read;
    end_renewal()
}

inline renew(e) {
    told = true;
    told_in_read = reading && !proven;
    told_counts = !kept(answers_count_with_copies);
    told_published = published[e];
    told_epoch = e;
    if
    :: acks_matter ->
        begun = begun || e == 2;
        member[e] = true;
        acked[e] = acked[e] || (applied && at_epoch == e)
    :: else
    fi
}

inline publish(e) {
    published[e] = true;
    claim[e] = false;
    stored[e] = false;
    published_epoch = e;
    begun = begun || (WITH_ACKS && e == 2);
    change = PUBLISHED
}

inline forget_member(e) {
    member[e] = false;
    acked[e] = false
}

/* Then nothing depends on acknowledgements any more. */
inline be_done() {
    change = DONE;
    forget_member(1);
    forget_member(2);
    applied = false;
    begun = false;
    copy_knows = false;
    published_epoch = 0;
    seen_epoch = 0;
    grace_left = 0;
    all_acked = false
}

proctype Node() {
end:
    do
    :: d_step { !told && primary[1] != 0 -> renew(1) }
    :: d_step { !told && primary[2] != 0 -> renew(2) }
    :: d_step { told && !told_counts && has_copies(told_epoch) -> told_counts = true }
    :: d_step { told && told_counts -> renewal_answered() }
    :: d_step { told -> end_renewal() }
    /* A push. */
    :: d_step { at_epoch != 0 && published[at_epoch] && (memory || load || acks_matter) && !applied ->
        flush();
        applied = acks_matter }
    /* W2 */
    :: d_step { acks_matter && member[at_epoch] && (applied || (published[at_epoch] && !kept(ack_after_applying))) ->
        acked[at_epoch] = true }
    :: d_step { acks_matter && at_epoch == 1 && member[2] && !kept(ack_counts_in_its_epoch) -> acked[2] = true }
    /* A load begins before it reads the source, or the store. */
    :: d_step { !load && change == IDLE -> load = true }
    :: d_step { !load && at_epoch != 0 && stored[at_epoch] && primary[at_epoch] != 0 && fenced(at_epoch) && !publishing ->
        load = true }
    :: d_step { load ->
        memory = true;
        load = false }
    /* R10. A validated read, for which the lease counts for nothing. */
    :: d_step { WITH_VALIDATED && !reading ->
        reading = true;
        read_must_see = change >= ANSWERED;
        told_in_read = told && !kept(validation_is_sent_after_the_read_began) }
    :: d_step { reading ->
        reading = false;
        read_must_see = false;
        told_in_read = false;
        proven = false }
    :: d_step { read_must_see && proven && memory -> assert(!memory) }
    :: d_step { read_must_see && proven && primary[1] != 0 && stored[1] && fenced(1) -> assert(!stored[1]) }
    :: d_step { read_must_see && proven && primary[2] != 0 && stored[2] && fenced(2) -> assert(!stored[2]) }
    /* A read begins: of memory, and of the store of whatever server it reaches. */
    :: d_step { must_see_change && memory && (effective || !kept(serve_only_under_lease)) -> assert(!memory) }
    :: d_step { must_see_change && !publishing && primary[1] != 0 && stored[1] && fenced(1) -> assert(!stored[1]) }
    :: d_step { must_see_change && !publishing && primary[2] != 0 && stored[2] && fenced(2) -> assert(!stored[2]) }
    od
}

proctype Servers() {
end:
    do
    /* Other nodes have leases, too, and load under them; what they load is stored at any time. */
    :: d_step { !WITH_ACKS && change == IDLE && has_copies(1) -> others_age[1] = 0 }
    :: d_step { !WITH_ACKS && change == IDLE && has_copies(2) -> others_age[2] = 0 }
    :: d_step { !WITH_ACKS && change == IDLE && primary[1] != 0 && may_claim(1) -> claim[1] = true }
    :: d_step { !WITH_ACKS && change == IDLE && primary[2] != 0 && may_claim(2) -> claim[2] = true }
    :: d_step { claim[1] && primary[1] != 0 -> stored[1] = true }
    :: d_step { claim[2] && primary[2] != 0 -> stored[2] = true }
    /* W2 */
    :: d_step { acks_matter && change >= PUBLISHED && !all_acked &&
                (!member[published_epoch] || acked[published_epoch] || !kept(done_needs_every_ack)) -> all_acked = true }
    :: d_step { acks_matter && change >= PUBLISHED && !all_acked && published_epoch == 1 && primary[2] != 0 && !begun &&
                !copy_knows && !kept(ack_not_beyond_the_log) -> all_acked = true }
    :: atomic {
        select(server : 0 .. 2);
        select(other : 1 .. EPOCHS);
        if
        /* A replica is promoted. */
        :: epochs < EPOCHS && primary[follows[server]] != server + 1 ->
            epochs++;
            copy_knows = acks_matter && (published[1] || member[1]);
            primary[epochs] = server + 1;
            follows[server] = epochs
        /* A server is told to follow another one; a primary is none any more then. */
        :: primary[other] != 0 && primary[other] != server + 1 && may_follow(server, other) ->
            if
            :: primary[follows[server]] == server + 1 -> primary[follows[server]] = 0
            :: else
            fi;
            follows[server] = other
        :: else
        fi;
        server = 0;
        other = 0 }
    od
}

/* W3 */
inline see(e) {
    if
    :: WITH_ACKS && change < ANSWERED && seen_epoch != e ->
        seen_epoch = e;
        grace_left = WAIT_OUT
    :: else
    fi
}

proctype Writer() {
end:
    do
    :: d_step { change == IDLE ->
        change = SENT;
        if
        :: WITH_OWN && kept(own_removal_first) -> flush()
        :: else
        fi }
    :: d_step { change == SENT && primary[1] != 0 -> publish(1) }
    :: d_step { change == SENT && primary[2] != 0 -> publish(2) }
    :: d_step { change == PUBLISHED && (has_copies(published_epoch) || !kept(answers_count_with_copies)) ->
        see(published_epoch);
        grace_left = (kept(new_epoch_has_grace) -> grace_left : 0);
        fence_closed = WITH_OWN && published_epoch != at_epoch && kept(publication_moves_fence);
        told_late = told && fence_closed;
        published_epoch = (WITH_ACKS || fence_closed -> published_epoch : 0);
        wait_left = (kept(wait_out_before_done) && !WITH_ACKS -> WAIT_OUT : 0);
        change = ANSWERED }
    /* It did not count: it stays pending. */
    :: d_step { change == PUBLISHED ->
        change = SENT;
        all_acked = false;
        published_epoch = 0 }
    :: d_step { change == ANSWERED && wait_left == 0 && !WITH_ACKS -> change = DONE }
    :: d_step { change == ANSWERED && all_acked && grace_left == 0 -> be_done() }
    :: d_step { has_copies(1) -> see(1) }
    :: d_step { has_copies(2) -> see(2) }
    od
}

#define grows(age, bound) age = (age < bound -> age + 1 : bound)
#define shrinks(count) count = (count > 0 -> count - 1 : 0)

proctype Time() {
end:
    do
    :: d_step { !WITH_VALIDATED ->
        grows(lease_age, LAPSED);
        grows(told_age, (told -> LAPSED : 0));
        grows(others_age[1], LAPSED);
        grows(others_age[2], LAPSED);
        shrinks(grace_left);
        shrinks(wait_left) }
    od
}

init {
    atomic {
        primary[1] = 1;
        follows[0] = 1;
        follows[1] = 1;
        follows[2] = 1;
        run Time();
        run Writer();
        run Servers();
        run Node()
    }
}
