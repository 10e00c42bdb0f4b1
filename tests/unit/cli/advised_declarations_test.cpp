// What `tutti advise` prints is compiled here, word for word, and graded as it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/cli.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Activation {
    bool activated = false;
};
BOOST_DESCRIBE_STRUCT(Activation, (), (activated))

struct Description {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(Description, (), (text))

using Choices = std::vector<std::string>;
using Catalogue = std::vector<std::string>;

Activation load_activation(const std::string&, LoadContext&) { return {}; }
Choices load_choices(const std::string&, LoadContext&) { return {}; }
Description describe_image(const std::string&, LoadContext&) { return {}; }
Loaded<bool> has_vision(const std::string&, const Catalogue&) { return true; }
void notify(const std::string&) {}
void enqueue(const std::string&) {}

const std::string channel_id = "1";
const std::string user_id = "2";
const std::string request_hash = "3";
const std::string job_id = "4";

using NodePointer = std::unique_ptr<Node>;

void declare_coherent(const NodePointer& node) {
    auto activations = node->coherent<std::string, Activation>({
        .name = "channel-activation",
        .caches = "channel activation status",
        .stale = tutti::Stale::wrong,
        .ttl = 30s,
        .bound = tutti::entries(1000),
        .load = load_activation,
        .channel = "cache:channel-activation-invalidation",
    });
    auto sent = activations.invalidate(channel_id);  // after the change is committed
    (void)sent;
}

void declare_local(const NodePointer& node) {
    auto choices = node->local<std::string, Choices>({
        .name = "autocomplete",
        .caches = "personalities and personas of a user",
        .stale = tutti::Stale::acceptable,
        .ttl = 60s,
        .bound = tutti::entries(500),
        .load = load_choices,
    });
}

void declare_cooldown(const NodePointer& node) {
    auto notified = node->cooldown<std::string>({
        .name = "notification",
        .caches = "when a user was last notified",
        .period = 1h,
        .bound = tutti::entries(10'000),
    });
    if (notified.try_claim(user_id)) notify(user_id);
}

void declare_shared(const NodePointer& node) {
    auto descriptions = node->shared<std::string, Description>({
        .name = "image-description",
        .caches = "descriptions of images",
        .stale = tutti::Stale::acceptable,
        .expensive_source = true,
        .load = describe_image,
        .store =
            tutti::StoreTier<Description>{.ttl = 1h, .codec = tutti::json_codec<Description>()},
    });
}

void declare_near(const NodePointer& node) {
    auto can_see = node->near<std::string, bool, Catalogue>({
        .name = "model-capability",
        .caches = "which models can see",
        .stale = tutti::Stale::acceptable,
        .ttl = 5min,
        .bound = tutti::entries(500),
        .document = [](const std::string&) { return "openrouter:models"; },
        .codec = tutti::json_codec<Catalogue>(),
        .project = has_vision,
    });
}

void declare_reservation(const NodePointer& node) {
    auto requests = node->reservation<std::string>({
        .name = "request-dedup",
        .caches = "requests that were taken",
        .window = 5s,
        .when_store_fails = tutti::WhenStoreFails::refuse,
    });
    auto attempt = requests.reserve(request_hash, job_id);  // before the action
    if (attempt && attempt->granted()) enqueue(job_id);
}

struct Advice {
    std::vector<std::string> flags;
    std::function<void(const NodePointer&)> declare;
};

const std::vector<Advice> all_advice{
    {{"--stale", "wrong"}, declare_coherent},
    {{"--stale", "acceptable"}, declare_local},
    {{"--stale", "acceptable", "--rate-limit"}, declare_cooldown},
    {{"--stale", "acceptable", "--expensive-source"}, declare_shared},
    {{"--stale", "acceptable", "--read-heavy"}, declare_near},
    {{"--once-in-fleet"}, declare_reservation},
};

std::string advised(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "advise");
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(cli::run(flags, out, err, {}), 0) << err.str();
    return out.str();
}

std::string this_file() {
    std::ifstream file(TUTTI_SOURCE_FOLDER "/tests/unit/cli/advised_declarations_test.cpp");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(AdvisedDeclarations, AreCompiledHereWordForWord) {
    const std::string source = this_file();
    for (const Advice& advice : all_advice) {
        const std::string text = advised(advice.flags);
        constexpr std::string_view before = "How to declare it:\n\n";
        const std::size_t at = text.find(before);
        ASSERT_NE(at, std::string::npos) << text;

        const std::string declaration = text.substr(at + before.size());

        ASSERT_THAT(declaration, HasSubstr("node->"));
        EXPECT_NE(source.find(declaration), std::string::npos) << declaration;
    }
}

TEST(AdvisedDeclarations, StartAndAreGradedAsTheAdviceSays) {
    for (const Advice& advice : all_advice) {
        const auto node = Node::create({.name = "node"}).value();
        advice.declare(node);
        const auto started = node->start();
        ASSERT_TRUE(started) << started.error().message();

        const Grade grade = tutti::grade(node->inventory().at(0).declaration);

        EXPECT_THAT(advised(advice.flags),
                    HasSubstr("The audit will say: " + std::string(to_string(grade.risk)) + " (" +
                              std::string(grade.rule) + ": "));
    }
}

}  // namespace
}  // namespace tutti::cli
