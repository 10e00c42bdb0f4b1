// A real Redis and the embedded server are given the same random operations and accidents, and must
// answer and push the same. `./test contract --seed N` plays one sequence.
#include "contract/side.hpp"

#include <cstdlib>

#include "simulation/random.hpp"

namespace tutti::contract {
namespace {

using simulation::Random;
using std::chrono::minutes;
using Words = std::vector<std::string>;

// Ages are multiples of seven minutes, lifetimes are not: so the seconds that pass for a real
// server decide nothing.
constexpr minutes lifetimes[] = {minutes{10}, minutes{20}, minutes{30}, minutes{60}};
constexpr minutes older{7};
// Likewise what members hold, and by how much they grow older: a lease counts twice, and 5 s.
constexpr minutes leases[] = {minutes{1}, minutes{2}, minutes{5}, minutes{10}};
constexpr minutes members_older{3};

const ValueAddress addresses[] = {
    {.channel = "c", .prefix = "f:", .key = {}},
    {.channel = "c", .prefix = "g:", .key = {}},
    {.channel = "c", .prefix = "r:", .key = {}, .form = ValueAddress::Form::raw},
    {.channel = "c",
     .prefix = "w:",
     .key = {},
     .form = ValueAddress::Form::raw,
     .foreign_writers = true},
    {.channel = "d", .prefix = "h:", .key = {}},
    {.channel = "c", .prefix = "t:", .key = {}, .form = ValueAddress::Form::tagged},
    {.channel = "d", .prefix = "u:", .key = {}, .form = ValueAddress::Form::tagged},
};

class Steps {
public:
    explicit Steps(std::uint64_t seed) : random_(seed) {}

    Step next() {
        using enum Step::Kind;
        Step step;
        step.address = random_.pick(addresses);
        step.address.key = key();
        step.token = random_.pick(tokens);
        step.bytes = random_.pick(bytes);
        step.other = random_.pick(bytes);
        step.key = plain_key();
        step.kind = random_.pick(kinds);
        switch (step.kind) {
        case put:
            if (random_.chance(0.5)) step.key = any_key();
            if (random_.chance(0.5)) step.ttl = random_.pick(lifetimes);
            if (random_.chance(0.2)) step.condition = Store::Condition::if_absent;
            break;
        case erase: step.key = any_key(); break;
        case replace_if_equal:
            if (random_.chance(0.5)) step.ttl = random_.pick(lifetimes);
            break;
        case count: step.key = random_.pick(prefixes); break;
        case fetch: fetching(step); break;
        case fill: filling(step); break;
        case publish:
        case drop: changing(step); break;
        case renew:
        case leave:
        case acknowledge:
        case laggards:
        case reap:
            step.first = random_.below(8);
            step.member = random_.pick(tokens);
            step.applied = static_cast<Step::Applied>(random_.below(4));
            step.lease = random_.pick(leases);
            break;
        case replay:
        case trim_log:
            step.first = random_.below(4);
            step.last = step.first + random_.below(30);
            break;
        case age: step.lease = older * (1 + static_cast<int>(random_.below(2))); break;
        case age_members:
            step.lease = members_older * (1 + static_cast<int>(random_.below(2)));
            break;
        default: break;
        }
        return unless_rare(std::move(step));
    }

private:
    static constexpr const char* tokens[] = {"a", "b", "c"};
    static constexpr const char* bytes[] = {"", "x", "y", "a longer one\n"};
    static constexpr const char* prefixes[] = {"f:", "r:", "w:1", "tutti:claim:", "tutti:value:"};
    // As often as they are here.
    static constexpr Step::Kind kinds[] = {Step::Kind::get,
                                           Step::Kind::put,
                                           Step::Kind::erase,
                                           Step::Kind::erase_if_equal,
                                           Step::Kind::replace_if_equal,
                                           Step::Kind::count,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fetch,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::fill,
                                           Step::Kind::release,
                                           Step::Kind::drop,
                                           Step::Kind::publish,
                                           Step::Kind::publish,
                                           Step::Kind::renew,
                                           Step::Kind::renew,
                                           Step::Kind::replay,
                                           Step::Kind::leave,
                                           Step::Kind::acknowledge,
                                           Step::Kind::acknowledge,
                                           Step::Kind::laggards,
                                           Step::Kind::reap,
                                           Step::Kind::age,
                                           Step::Kind::age,
                                           Step::Kind::age_members,
                                           Step::Kind::publish_plain,
                                           Step::Kind::lose_log,
                                           Step::Kind::lose_tags,
                                           Step::Kind::trim_log,
                                           Step::Kind::lose_members,
                                           Step::Kind::lose_state,
                                           Step::Kind::lose_everything,
                                           Step::Kind::restart_empty,
                                           Step::Kind::restart_from_copy};

    std::vector<std::string> some_tags() {
        std::vector<std::string> tags;
        for (const char* tag : {"red", "blue", "#1:x,"}) {
            if (random_.chance(0.4)) tags.emplace_back(tag);
        }
        return tags;
    }
    std::string key() { return random_.chance(0.85) ? "1" : "2"; }
    // Framed values are for nobody else to read, so what a plain operation sees there is no
    // promise.
    std::string plain_key() {
        constexpr const char* readable[] = {"r:", "w:", "w:", "x:"};
        const std::string prefix = random_.pick(readable);
        return prefix + key();
    }
    std::string any_key() {
        constexpr const char* beside[] = {"", "", "tutti:claim:", "tutti:claim:", "tutti:value:"};
        const std::string part = random_.pick(beside);
        const std::string prefix = random_.pick(addresses).prefix;
        return part + prefix + key();
    }
    void fetching(Step& step) {
        constexpr Duration ages[] = {Duration::max(), Duration::max(), minutes{10}, minutes{0}};
        step.claim_for = random_.pick(lifetimes);
        step.age_max = random_.pick(ages);
        step.take_over = random_.chance(0.1);
        while (random_.chance(0.4)) step.further.push_back(key());
    }
    void filling(Step& step) {
        step.offers = random_.chance(0.4);
        step.fresh_for = random_.pick(lifetimes);
        step.keep_for = minutes{60};
        while (random_.chance(0.4)) step.further.push_back(key());
        if (step.address.form == ValueAddress::Form::tagged) step.tags = some_tags();
        if (step.address.form == ValueAddress::Form::raw || random_.chance(0.3)) return;
        step.rank = Rank{.value = static_cast<std::int64_t>(random_.below(4)) - 2};
        if (random_.chance(0.5)) step.rank->yields_after = minutes{10};
        step.rank->over_unreadable = random_.chance(0.1);
    }
    void changing(Step& step) {
        if (random_.chance(0.1)) {
            step.changed = KeySet::everything();
        } else {
            if (random_.chance(0.4) && step.kind == Step::Kind::publish)
                step.changed.tags = some_tags();
            if (step.changed.tags.empty() || random_.chance(0.2)) step.changed.keys = {key()};
            if (random_.chance(0.3)) step.changed.keys.emplace_back("2");
        }
        if (random_.chance(0.3)) step.plain_events = {"e", "e"};
        step.acknowledge = random_.chance(0.5);
    }
    // What loses so much that little is left to compare, or takes long, is usually something else.
    Step unless_rare(Step step) {
        const bool rare = step.kind >= Step::Kind::lose_members;
        if (!rare || random_.chance(0.05)) return step;
        step.kind = Step::Kind::fetch;
        fetching(step);
        return step;
    }

    Random random_;
};

// Fixed ones, so that everybody is told the same; `./test long` draws fresh ones.
std::vector<std::uint64_t> seeds() {
    if (const char* given = std::getenv("TUTTI_SEED")) {
        return {std::strtoull(given, nullptr, 10)};
    }
    return {1, 2, 3, 4, 5, 6, 7, 8};
}

class SideBySide : public ::testing::TestWithParam<std::uint64_t> {};

INSTANTIATE_TEST_SUITE_P(All, SideBySide, ::testing::ValuesIn(seeds()),
                         [](const auto& about) { return "Seed" + std::to_string(about.param); });

TEST_P(SideBySide, BothServersAnswerAndPushTheSame) {
    SCOPED_TRACE("replay: ./test contract --seed " + std::to_string(GetParam()));
    Side redis(make_redis_world());
    Side embedded(make_embedded_world());
    Steps steps(GetParam());
    std::string history;

    for (int i = 0; i < 600; ++i) {
        const Step step = steps.next();
        const std::string expected = redis.run(step);
        const std::string answered = embedded.run(step);
        history += to_text(step) + "\n    -> " + expected + "\n";
        ASSERT_EQ(answered, expected) << "step " << i << " of\n" << history;
    }
}

}  // namespace
}  // namespace tutti::contract
