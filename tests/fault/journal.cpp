#include "fault/journal.hpp"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace tests::fault {

namespace {

using tutti::TimePoint;

std::string text_of(TimePoint at) { return std::to_string(at.time_since_epoch().count()); }
std::string text_of(std::uint64_t number) { return std::to_string(number); }
std::string text_of(const std::string& word) { return word; }

template <class... Words>
std::string words(std::string text, const Words&... more) {
    ((text += ' ' + text_of(more)), ...);
    return text;
}

TimePoint time_in(std::istream& line) {
    tutti::Duration::rep count = 0;
    line >> count;
    return TimePoint{tutti::Duration{count}};
}

std::string rest_of(std::istream& line) {
    std::string text;
    std::getline(line >> std::ws, text);
    line.clear();  // it may be empty
    return text;
}

void read_line(std::istream& line, const std::string& who, Story& story) {
    std::string kind;
    line >> kind;
    const TimePoint begin = time_in(line);
    if (kind == "read") {
        Read read{.begin = begin, .end = time_in(line), .cache = {}, .who = who};
        std::string tier;
        line >> read.cache >> read.key >> read.version >> tier;
        read.from_memory = tier == "memory";
        if (line && read.key < keys) return story.reads.push_back(std::move(read));
    } else if (kind == "failed") {
        const TimePoint end = time_in(line);
        if (line) {
            return story.failures.push_back(
                {.begin = begin, .end = end, .why = rest_of(line), .who = who});
        }
    } else if (kind == "health") {
        bool ready = false;
        if (line >> ready) {
            return story.health.push_back(
                {.at = begin, .ready = ready, .why = rest_of(line), .who = who});
        }
    } else if (kind == "commit") {
        Commit commit{.at = begin};
        if (line >> commit.key >> commit.version && commit.key < keys) {
            return story.commits.push_back(commit);
        }
    } else if (kind == "told") {
        Told told{.begin = begin, .end = time_in(line), .outcome = {}, .by = {}};
        if (line >> told.key >> told.version >> told.outcome >> told.by && told.key < keys) {
            told.why = rest_of(line);
            return story.told.push_back(std::move(told));
        }
    }
    throw std::runtime_error("no event of a journal");
}

}  // namespace

Journal::Journal(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::runtime_error("cannot write " + file.string());
}

Journal::~Journal() { ::close(file_); }

void Journal::write(const Read& read) const {
    line(words("read", read.begin, read.end, read.cache, read.key, read.version,
               std::string(read.from_memory ? "memory" : "below")));
}

void Journal::write(const Failed& failed) const {
    line(words("failed", failed.begin, failed.end, failed.why));
}

void Journal::write(const Readiness& readiness) const {
    line(words("health", readiness.at, std::uint64_t{readiness.ready}, readiness.why));
}

void Journal::write(const Commit& commit) const {
    line(words("commit", commit.at, commit.key, commit.version));
}

void Journal::write(const Told& told) const {
    line(words("told", told.begin, told.end, told.key, told.version, told.outcome, told.by,
               told.why));
}

void Journal::line(std::string text) const {
    std::ranges::replace(text, '\n', ' ');
    text += '\n';
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw std::runtime_error("the journal is full");
    }
}

void read_journal(const std::filesystem::path& file, Story& story) {
    std::ifstream lines(file);
    std::string text;
    for (std::size_t number = 1; std::getline(lines, text); ++number) {
        if (lines.eof()) return;
        std::istringstream line(text);
        try {
            read_line(line, file.filename().string(), story);
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(file.string() + ':' + std::to_string(number) + ": " +
                                     error.what() + ": " + text);
        }
    }
}

}  // namespace tests::fault
