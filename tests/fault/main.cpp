// The faults by hand, on the whole fleet: `fault kill-redis-empty --seconds 60`, `fault all`,
// `fault --list`. Prints a table, a row as soon as it is there. Exit code 1: not as expected.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "fault/checker.hpp"
#include "fault/faults.hpp"
#include "fault/promise.hpp"
#include "fault/run.hpp"
#include "tutti/clock.hpp"

namespace {

using namespace tests::fault;

constexpr std::string_view usage =
    "usage: fault NAME|all [--seconds N] [--nodes N] [--writers N]\n"
    "       fault --list\n";

struct Order {
    std::vector<const Fault*> faults;
    Size size;
};

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

std::size_t number(std::string_view option, std::string_view text, std::size_t least) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > 3600) {
        refuse(std::string(option) + " needs a whole number from " + std::to_string(least) +
               " to 3600, not '" + std::string(text) + "'");
    }
    return value;
}

std::vector<const Fault*> called(std::string_view name) {
    std::vector<const Fault*> found;
    for (const Fault& fault : faults()) {
        if (name == "all" || name == fault.name) found.push_back(&fault);
    }
    if (found.empty()) {
        refuse("there is no fault '" + std::string(name) + "'; --list names them");
    }
    return found;
}

Order order_in(std::span<char*> words) {
    Order order;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (!word.starts_with("--")) {
            if (!order.faults.empty()) refuse("one fault at a time, or all");
            order.faults = called(word);
            continue;
        }
        const std::string_view value = i + 1 < words.size() ? words[++i] : "";
        if (word == "--seconds") {
            order.size.lasts = std::chrono::seconds{number(word, value, 1)};
        } else if (word == "--nodes") {
            order.size.nodes = number(word, value, 2);
        } else if (word == "--writers") {
            order.size.writers = number(word, value, 1);
        } else {
            refuse("unknown option '" + std::string(word) +
                   "'; there are: --seconds N, --nodes N, --writers N, --list");
        }
    }
    if (order.faults.empty()) refuse("which fault? --list names them, 'all' is each of them");
    return order;
}

void list() {
    for (const Fault& fault : faults()) {
        std::printf("%-22s %s\n", std::string(fault.name).c_str(), std::string(fault.what).c_str());
    }
}

long long ms(tutti::Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::size_t unconfirmed(const Verdict& verdict) {
    std::size_t sum = 0;
    for (const auto& [reason, times] : verdict.unconfirmed) sum += times;
    return sum;
}

// With what did it, where there are several.
std::string name_of(const Outcome& outcome) {
    std::string name(outcome.fault->name);
    if (outcome.fault->by_wire) name.append(" (").append(outcome.wire.kind).append(")");
    return name;
}

void print_head() {
    std::printf(
        "| fault | strikes | reads | hits | failed | writes | by acks | waited out | published | "
        "unconfirmed | stale past publication (bound %lld ms) | stale past commit | slowest read | "
        "ready after | server late for, slowest PING | "
        "|\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
        ms(lease_bound));
    std::fflush(stdout);
}

void print_row(const Outcome& outcome) {
    const Verdict& is = outcome.verdict;
    const double hits =
        is.reads == 0 ? 0 : 100.0 * static_cast<double>(is.hits) / static_cast<double>(is.reads);
    const std::string expected =
        outcome.fault->breaks.empty() ? "kept" : std::string(outcome.fault->breaks) + " is broken";
    std::printf(
        "| %s | %zu | %zu | %.0f %% | %zu | %zu | %zu | %zu | %zu | %zu | %lld ms | %lld ms | "
        "%lld ms | %lld ms | %lld, %lld ms | %s |\n",
        name_of(outcome).c_str(), outcome.strikes, is.reads, hits, is.failed_reads, is.writes,
        is.by_acknowledgements, is.waited_out, is.published, unconfirmed(is),
        ms(is.stale_past_publication), ms(is.stale_past_commit), ms(is.slowest_read),
        ms(is.ready_after), ms(outcome.server_late_for), ms(outcome.slowest_ping),
        outcome.as_expected() ? expected.c_str() : "NOT AS EXPECTED");
    std::fflush(stdout);
    if (!outcome.wire.why.empty()) {
        std::fprintf(stderr, "  no network namespaces: %s\n", outcome.wire.why.c_str());
    }
    for (const auto& [reason, times] : is.unconfirmed) {
        std::fprintf(stderr, "  unconfirmed %zu times: %.150s\n", times, reason.c_str());
    }
    for (const std::string& complaint : outcome.complaints) {
        std::fprintf(stderr, "  %s\n", complaint.c_str());
    }
}

int obey(std::span<char*> words) {
    if (words.size() == 1 && std::string_view(words[0]) == "--list") {
        list();
        return 0;
    }
    const Order order = order_in(words);
    bool as_expected = true;
    print_head();
    for (const Fault* fault : order.faults) {
        const Outcome outcome = run(*fault, order.size);
        print_row(outcome);
        as_expected = as_expected && outcome.as_expected();
    }
    return as_expected ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    try {
        return obey(std::span(words, static_cast<std::size_t>(count)).subspan(1));
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "fault: %s\n%s", error.what(), std::string(usage).c_str());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fault: %s\n", error.what());
        return 1;
    }
}
