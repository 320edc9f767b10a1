// The elements of a JSON array, in pieces: an element that is put in or taken
// out amid them moves no more than a piece, and its place is found by walking
// over whole pieces. So a patch of kMaxPatchOperations costs about as much as
// reading the array, however large that is.
//
// A container in the form that nlohmann::basic_json takes for its arrays, as
// far as it is asked for.
//
// Invariant: no piece is empty.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace ws_pubsub {

template <class T, class Allocator>
class JsonElements {
    static constexpr size_t kMaxPiece = 256; // elements

    using Piece = std::vector<T, Allocator>;

public:
    class Iterator {
    public:
        using iterator_category = std::bidirectional_iterator_tag;
        using value_type = T;
        using difference_type = ptrdiff_t;
        using pointer = T*;
        using reference = T&;

        Iterator() = default;
        explicit Iterator(Piece* piece) : piece_(piece) {}

        reference operator*() const { return (*piece_)[at_]; }
        pointer operator->() const { return &**this; }
        Iterator& operator++()
        {
            if (++at_ == piece_->size()) {
                ++piece_;
                at_ = 0;
            }
            return *this;
        }
        Iterator& operator--()
        {
            if (at_ == 0) {
                --piece_;
                at_ = piece_->size();
            }
            --at_;
            return *this;
        }
        bool operator==(const Iterator&) const = default;

    private:
        Piece* piece_ = nullptr;
        size_t at_ = 0;
    };
    using iterator = Iterator;
    using value_type = T;
    using size_type = size_t;

    JsonElements() = default;
    JsonElements(const JsonElements&) = default;
    JsonElements(JsonElements&& other) noexcept
        : pieces_(std::move(other.pieces_)),
          size_(std::exchange(other.size_, 0))
    {
        other.pieces_.clear();
    }
    JsonElements& operator=(const JsonElements&) = delete;
    JsonElements& operator=(JsonElements&&) = delete;
    ~JsonElements() = default;
    template <class From>
    JsonElements(From first, From last)
    {
        for (; first != last; ++first) {
            push_back(*first);
        }
    }

    iterator begin() { return iterator(pieces_.data()); }
    iterator end() { return iterator(pieces_.data() + pieces_.size()); }
    [[nodiscard]] size_t size() const { return size_; }
    [[nodiscard]] size_t capacity() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    void clear()
    {
        pieces_.clear();
        size_ = 0;
    }

    // REQUIRES: there is an element at `index`.
    T& operator[](size_t index)
    {
        const Place place = find(index);
        return pieces_[place.piece][place.at];
    }
    T& back() { return pieces_.back().back(); }

    void push_back(T value)
    {
        if (pieces_.empty() || pieces_.back().size() == kMaxPiece) {
            pieces_.emplace_back();
        }
        pieces_.back().push_back(std::move(value));
        size_++;
    }

    // Before the one at `index`, or at the end.
    void insert(size_t index, T value)
    {
        if (index == size_) {
            return push_back(std::move(value));
        }
        Place place = find(index);
        if (pieces_[place.piece].size() == kMaxPiece) {
            split(place);
        }
        Piece& piece = pieces_[place.piece];
        piece.insert(nth(piece, place.at), std::move(value));
        size_++;
    }

    // REQUIRES: there is an element at `index`.
    void erase(size_t index)
    {
        const Place place = find(index);
        Piece& piece = pieces_[place.piece];
        piece.erase(nth(piece, place.at));
        if (piece.empty()) {
            pieces_.erase(nth(pieces_, place.piece));
        }
        size_--;
    }

    bool operator==(const JsonElements& other) const
    {
        if (size_ != other.size_) {
            return false;
        }
        size_t piece = 0;
        size_t at = 0;
        for (const Piece& mine : pieces_) {
            for (const T& element : mine) {
                if (!(element == other.pieces_[piece][at])) {
                    return false;
                }
                if (++at == other.pieces_[piece].size()) {
                    piece++;
                    at = 0;
                }
            }
        }
        return true;
    }

private:
    struct Place {
        size_t piece;
        size_t at; // in it
    };

    template <class List>
    static auto nth(List& list, size_t n)
    {
        return list.begin() + static_cast<ptrdiff_t>(n);
    }

    [[nodiscard]] Place find(size_t index) const
    {
        size_t piece = 0;
        while (index >= pieces_[piece].size()) {
            index -= pieces_[piece].size();
            piece++;
        }
        return {piece, index};
    }

    // Makes two of a full piece; `place` stays that of the same element.
    void split(Place& place)
    {
        Piece& full = pieces_[place.piece];
        const auto middle = nth(full, kMaxPiece / 2);
        Piece upper(std::make_move_iterator(middle),
                    std::make_move_iterator(full.end()));
        full.erase(middle, full.end());
        pieces_.insert(nth(pieces_, place.piece + 1), std::move(upper));
        if (place.at >= kMaxPiece / 2) {
            place = {place.piece + 1, place.at - kMaxPiece / 2};
        }
    }

    std::vector<Piece> pieces_;
    size_t size_ = 0;
};

} // namespace ws_pubsub
