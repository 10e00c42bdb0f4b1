/*
 * An invalidated tag: R11 and S16 of docs/coherence.md. Spin looks at every order of events; tests/model/run
 * starts it.
 *
 * One node, one key and one change of a part of its value are followed; what is invalidated is the tag of that
 * part. The node has a load of its own, and others store a value at any time that their claim allows. A value is
 * old when it was read before the source had the change, and old values alone are followed: what is loaded since
 * is as good as nothing. An old value belongs to the part, whatever its copy in memory or in the store is marked with.
 *
 * Further tags are another one, invalidated any number of times. One tag is more than a node remembers of its
 * load, and more than the server remembers, as soon as it is followed by another. What coherence.pml and store.pml show is
 * taken as given: the log is applied in its order, `done` comes when the node has applied the change, and a claim
 * that has ended stores nothing.
 */
#ifndef BROKEN
#define BROKEN none
#endif
#define kept(rule) (BROKEN != rule)

mtype:rule = {
    none, entries_apply_tags, tag_removes_entries, own_tags_first, no_joining_across_a_tag, load_compares_its_tags,
    many_tags_poison_loads, confirmed_value_keeps_its_tags, stored_value_brings_its_tags,
    publishing_a_tag_bypasses_store, stored_value_checks_its_tags, stored_value_counts_from_its_claim, lost_tags_count_as_invalidated,
    forgotten_tags_count_as_invalidated
};

#ifndef ENTRIES /* of the log */
#define ENTRIES 4
#endif
#define TAGS_MAX 1 /* that the server remembers */

/* Tags, and entries that name them. */
#define PART 1
#define OTHER 2

/* The server. */
byte last, log[ENTRIES + 1];
byte version, tags_known, newest_tag; /* the hash of the tags: of PART, how many, and of the newest */
byte newest_tag_again, floor;         /* in the state of the channel */
bool stored, stored_tagged;           /* the old value, and whether it carries PART there */
byte stored_at;                       /* when its claim was given */
#define NONE 0
#define OURS 1
#define THEIRS 2 /* of the others, whose load reads the old value */
byte claim, claim_at;

/* The node. */
byte applied;
bool memory, memory_tagged; /* the old value, and whether the index knows that it carries PART */
#define IDLE 0
#define ASKS 1  /* the store */
#define LOADS 2 /* from the source */
#define HAS 3   /* the old value */
#define FILLS 4 /* the store with it */
byte step;
bool tagged;        /* PART is known of what it has */
bool poisoned;      /* as a key is */
bool behind, other_behind; /* PART was invalidated since it began, and the other one; what is remembered of it */
bool former, former_tagged, last_good; /* the old value, and that it is the store's last known good */
bool claimed;
bool fetch, fill, fill_tagged; /* requests on their way */
#define NOTHING 0
#define VALUE 1
#define CLAIM 2
#define WAIT 3
byte answer;
bool answer_good, answer_tagged; /* with the claim, a last known good; and the tag of what has come */

/* The change. */
#define COMMITTED 1
#define PUBLISHING 2
#define PUBLISHED 3
#define DONE 4
byte change, published_at;
bool own, again;

bool since; /* result of the inline below */

#define full (last == ENTRIES)
#define must_see_change (change == DONE || (own && change >= PUBLISHING))
#define is_clean (!poisoned && ((!behind && !other_behind) || !kept(no_joining_across_a_tag)))
#define may_keep(with_tag) (!poisoned && !((with_tag) && behind && kept(load_compares_its_tags)))
#define bypasses (own && change == PUBLISHING && (again || kept(publishing_a_tag_bypasses_store)))

/* What the hash has lost may have been invalidated until now. */
inline check_tags() {
    if
    :: newest_tag != newest_tag_again ->
        version = 0;
        tags_known = 0;
        newest_tag = 0;
        newest_tag_again = 0;
        floor = (kept(lost_tags_count_as_invalidated) -> last : floor)
    :: else
    fi
}

inline invalidated_since(with_tag, at) {
    since = false;
    if
    :: with_tag ->
        check_tags();
        since = floor > at || version > at
    :: else
    fi
}

inline publish(tag) {
    check_tags();
    last++;
    log[last] = tag;
    if
    :: tags_known == TAGS_MAX ->
        version = 0;
        tags_known = 0;
        floor = (kept(forgotten_tags_count_as_invalidated) -> last : floor)
    :: else ->
        version = (tag == PART -> last : version);
        tags_known++
    fi;
    newest_tag = last;
    newest_tag_again = last
}

inline end_claim() {
    claim = NONE;
    claim_at = 0
}

inline drop_value() {
    stored = false;
    stored_tagged = false;
    stored_at = 0
}

inline forget_value() {
    memory = false;
    memory_tagged = false
}

inline forget_former() {
    former = false;
    former_tagged = false;
    last_good = false
}

inline end_load() {
    step = IDLE;
    tagged = false;
    poisoned = false;
    behind = false;
    other_behind = false;
    claimed = false;
    forget_former()
}

/* R11. As many are remembered as have room, since its load began: one. */
inline remove_tagged(tag) {
    if
    :: tag == PART && memory_tagged && kept(tag_removes_entries) -> forget_value()
    :: else
    fi;
    if
    :: step != IDLE && !poisoned ->
        if
        :: behind || other_behind ->
            poisoned = kept(many_tags_poison_loads);
            behind = false;
            other_behind = false
        :: else
        fi;
        behind = (tag == PART || behind) && !poisoned;
        other_behind = (tag == OTHER || other_behind) && !poisoned
    :: else
    fi
}

inline keep() {
    if
    :: may_keep(tagged) ->
        memory = true;
        memory_tagged = tagged
    :: else
    fi
}

inline begin_load() {
    former = memory;
    former_tagged = memory_tagged
}

#define quiet (step == IDLE && !fetch && !fill && claim != OURS)

proctype Node() {
end:
    do
    :: d_step { quiet && !bypasses -> begin_load(); step = ASKS; fetch = true }
    :: d_step { quiet && bypasses -> begin_load(); step = LOADS }
    :: d_step { step == ASKS && answer == VALUE ->
        tagged = answer_tagged && kept(stored_value_brings_its_tags);
        keep();
        end_load();
        answer = NOTHING;
        answer_tagged = false }
    :: d_step { step == ASKS && answer == CLAIM ->
        claimed = true;
        step = LOADS;
        answer = NOTHING;
        if
        :: answer_good ->
            last_good = true;
            if
            :: true ->
                former = true;
                former_tagged = answer_tagged && kept(stored_value_brings_its_tags)
            :: former /* that of memory is younger */
            fi;
            answer_good = false;
            answer_tagged = false
        :: else
        fi }
    :: d_step { step == ASKS && answer == WAIT ->
        answer = NOTHING;
        fetch = !bypasses;
        step = (bypasses -> LOADS : ASKS) }
    :: d_step { step == ASKS && answer == NOTHING -> step = LOADS } /* S6 */
    /* The source answers, or confirms the former value (S14). */
    :: d_step { step == LOADS && change == IDLE -> step = HAS; tagged = true }
    :: d_step { step == LOADS && change == IDLE && former ->
        step = HAS;
        tagged = former_tagged && kept(confirmed_value_keeps_its_tags) }
    :: d_step { step == LOADS && change != IDLE -> end_load() }
    :: d_step { step == HAS && claimed && may_keep(tagged) ->
        step = FILLS;
        fill = true;
        fill_tagged = tagged }
    :: d_step { step == HAS && !(claimed && may_keep(tagged)) -> keep(); end_load() }
    :: d_step { step == FILLS -> keep(); end_load() } /* answered or not */
    :: d_step { step == FILLS -> end_load() } /* S9 */
    :: d_step { memory -> forget_value() } /* evicted */

    :: d_step { applied < last ->
        applied++;
        if
        :: kept(entries_apply_tags) -> remove_tagged(log[applied])
        :: else
        fi }

    /* A read begins: memory has it, or a load does that it may join. */
    :: d_step { must_see_change && memory -> assert(!memory) }
    :: d_step { must_see_change && step != IDLE && is_clean &&
                (step >= HAS || answer == VALUE || last_good || answer_good) -> assert(!is_clean) }
    od
}

/* The node's requests at the server, where they arrive late or never. */
proctype Requests() {
end:
    do
    :: d_step { fetch ->
        fetch = false;
        invalidated_since(stored_tagged && kept(stored_value_checks_its_tags), stored_at);
        if
        :: step != ASKS -> claim = (claim == NONE -> OURS : claim); claim_at = (claim == OURS -> last : claim_at)
        :: step == ASKS && stored && !since -> /* and fresh */
            answer = VALUE;
            answer_tagged = stored_tagged
        :: step == ASKS && claim == THEIRS -> answer = WAIT
        :: step == ASKS && claim == NONE ->
            claim = OURS;
            claim_at = last;
            answer = CLAIM;
            answer_good = stored && !since;
            answer_tagged = answer_good && stored_tagged
        fi;
        since = false }
    :: d_step { fill && !fetch ->
        if
        :: claim == OURS ->
            invalidated_since(fill_tagged && kept(stored_value_counts_from_its_claim), claim_at);
            if
            :: !since ->
                stored = true;
                stored_tagged = fill_tagged;
                stored_at = (kept(stored_value_counts_from_its_claim) -> claim_at : last)
            :: else
            fi;
            since = false;
            end_claim()
        :: else
        fi;
        fill = false;
        fill_tagged = false }
    :: d_step { fetch && step != ASKS -> fetch = false }
    :: d_step { fill -> fill = false; fill_tagged = false }
    od
}

proctype Server() {
end:
    do
    :: d_step { claim != NONE -> end_claim() } /* it lapses, or is given back */
    :: d_step { stored -> drop_value() }
    :: d_step { tags_known > 0 || newest_tag > 0 -> version = 0; tags_known = 0; newest_tag = 0 } /* evicted */
    :: d_step { !full -> publish(OTHER) }

    /* Others load before the change, and store it whenever. */
    :: d_step { claim == NONE && change == IDLE ->
        claim = THEIRS;
        claim_at = last }
    :: d_step { claim == THEIRS ->
        invalidated_since(kept(stored_value_counts_from_its_claim), claim_at);
        if
        :: !since ->
            stored = true;
            stored_tagged = true;
            stored_at = (kept(stored_value_counts_from_its_claim) -> claim_at : last)
        :: else
        fi;
        since = false;
        end_claim() }
    od
}

proctype Writer() {
end:
    do
    :: d_step { change == IDLE -> change = COMMITTED }
    :: d_step { change == COMMITTED -> change = PUBLISHING }
    :: d_step { change == COMMITTED ->
        change = PUBLISHING;
        own = true;
        if
        :: kept(own_tags_first) -> remove_tagged(PART)
        :: else
        fi }
    :: d_step { change == PUBLISHING && !full ->
        publish(PART);
        published_at = last;
        change = PUBLISHED }
    :: d_step { change == PUBLISHING -> again = own } /* nothing came of it, or only the answer is lost: */
    :: d_step { change == PUBLISHING && !full -> publish(PART); again = own }
    :: d_step { change == PUBLISHED && applied >= published_at -> change = DONE; published_at = 0 }
    od
}

init {
    atomic {
        run Server();
        run Writer();
        run Requests();
        run Node()
    }
}
