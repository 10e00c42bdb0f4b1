// Which events of a shard were passed on and are not dealt with yet: a session that another process
// takes up must go on before the first of them, or a process that dies takes them with it.
//
// A ticket says that its event is not dealt with, as long as a copy of it lives. Numbers count from
// the beginning of a session, so a ticket of a session before says nothing.
//
// Thread-safety: all functions may be called from any thread; tickets may outlive this.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>

#include "bot-client/shard/payloads.hpp"
#include "tutti/detail/mutex.hpp"

namespace tutti::services::bot::shard {

class UnhandledEvents {
public:
    [[nodiscard]] std::shared_ptr<const void> begin(Sequence number) {
        const auto book = book_;
        std::uint64_t session = 0;
        {
            const detail::Lock lock(book->mutex);
            session = book->session;
            book->numbers.insert(number);
        }
        return {book.get(), [book, session, number](const void*) {
                    const detail::Lock lock(book->mutex);
                    if (book->session != session) return;
                    const auto found = book->numbers.find(number);
                    if (found != book->numbers.end()) book->numbers.erase(found);
                }};
    }
    void begin_session() {
        const detail::Lock lock(book_->mutex);
        ++book_->session;
        book_->numbers.clear();
    }
    // Of everything up to `passed_on`, the last number with none before it that is unhandled.
    [[nodiscard]] Sequence handled(Sequence passed_on) const {
        const detail::Lock lock(book_->mutex);
        return book_->numbers.empty() ? passed_on
                                      : std::min(passed_on, *book_->numbers.begin() - 1);
    }

private:
    struct Book {
        detail::Mutex mutex;
        std::uint64_t session TUTTI_GUARDED_BY(mutex) = 0;
        std::multiset<Sequence> numbers TUTTI_GUARDED_BY(mutex);
    };

    const std::shared_ptr<Book> book_ = std::make_shared<Book>();
};

}  // namespace tutti::services::bot::shard
