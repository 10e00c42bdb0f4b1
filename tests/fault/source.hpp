// The truth of a run: a version for each key, in a SQLite file that all its processes open, and the
// outbox beside it.
//
// Thread-safety: every function from any thread. What fails throws std::runtime_error.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fault/promise.hpp"
#include "tutti/error.hpp"
#include "tutti/outbox.hpp"

struct sqlite3;

namespace tests::fault {

enum class Remedy : unsigned char { none, outbox };

class Source {
public:
    static void create(const std::filesystem::path& file);
    explicit Source(const std::filesystem::path& file);
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    [[nodiscard]] Version read(std::size_t key);

    struct Committed {
        Version version = 0;
        std::vector<tutti::outbox::Row> rows;  // taken; none without the outbox
    };
    // The next version of `key`.
    [[nodiscard]] Committed commit(std::size_t key, Remedy remedy);

    // For a publisher.
    [[nodiscard]] tutti::Result<std::vector<tutti::outbox::Cells>> run(const std::string& text);

private:
    std::vector<tutti::outbox::Cells> must(const std::string& text);

    std::mutex mutex_;        // guards connection_
    std::mutex transaction_;  // one at a time; before mutex_
    sqlite3* connection_ = nullptr;
};

// The outbox of `source`, which outlives it.
[[nodiscard]] std::shared_ptr<tutti::outbox::Rows> rows_of(Source& source);

}  // namespace tests::fault
