// Greedy: at each place of the target the longest match is taken among the
// blocks of the base that begin alike, and the place that carries on where the
// last copy left off: most edits change a few bytes and leave the rest aligned.
#include "base/fossil_delta.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ws_pubsub {

namespace {

constexpr size_t kBlock = 8;
// A shorter copy is hardly shorter than what it copies.
constexpr size_t kMinCopy = 8;
constexpr int kMaxCandidates = 16;

uint64_t block_hash(const char* bytes)
{
    uint64_t word = 0;
    std::memcpy(&word, bytes, kBlock);
    return word * 0x9e3779b97f4a7c15;
}

void append_number(std::string& out, size_t number)
{
    constexpr std::string_view kDigits =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
    char digits[11];
    size_t at = sizeof(digits);
    do {
        digits[--at] = kDigits[number % 64];
        number /= 64;
    } while (number > 0);
    out.append(digits + at, sizeof(digits) - at);
}

uint32_t checksum(std::string_view bytes)
{
    uint32_t sum = 0;
    size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4) {
        uint32_t word = 0;
        std::memcpy(&word, bytes.data() + i, 4);
        sum += __builtin_bswap32(word);
    }
    for (unsigned shift = 24; i < bytes.size(); i++, shift -= 8) {
        sum += uint32_t{static_cast<uint8_t>(bytes[i])} << shift;
    }
    return sum;
}

// Whether a UTF-8 sequence begins at `at`, or the text ends there.
bool is_boundary(std::string_view text, size_t at)
{
    return at == text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80;
}

size_t common_before(std::string_view a, size_t a_at, std::string_view b,
                     size_t b_at, size_t most)
{
    size_t n = 0;
    while (n < most && n < a_at && a[a_at - n - 1] == b[b_at - n - 1]) {
        n++;
    }
    return n;
}

size_t common_after(std::string_view a, std::string_view b)
{
    const size_t most = std::min(a.size(), b.size());
    size_t n = 0;
    while (n < most && a[n] == b[n]) {
        n++;
    }
    return n;
}

void append_insert(std::string& out, std::string_view bytes)
{
    if (!bytes.empty()) {
        append_number(out, bytes.size());
        out += ':';
        out += bytes;
    }
}

} // namespace

void DeltaWriter::index(std::string_view base)
{
    const size_t blocks = base.size() / kBlock;
    const size_t buckets = std::bit_ceil(std::max<size_t>(blocks, 2));
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(buckets));
    heads_.assign(buckets, 0);
    chains_.resize(blocks);
    for (size_t i = 0; i < blocks; i++) {
        uint32_t& head = heads_[block_hash(base.data() + i * kBlock) >> shift_];
        chains_[i] = head;
        head = static_cast<uint32_t>(i + 1);
    }
}

// The best match around target[at], not reaching before target[from]; size 0
// if there is none. `guess`: a place in the base that is tried first.
DeltaWriter::Match DeltaWriter::find(std::string_view base,
                                     std::string_view target, size_t from,
                                     size_t at, size_t guess) const
{
    Match best;
    const auto consider = [&](size_t place) {
        const size_t after =
            common_after(base.substr(place), target.substr(at));
        const size_t before = common_before(base, place, target, at, at - from);
        Match match{place - before, at - before, before + after};
        while (match.size > 0 && !is_boundary(target, match.target)) {
            match.base++;
            match.target++;
            match.size--;
        }
        while (match.size > 0 &&
               !is_boundary(target, match.target + match.size)) {
            match.size--;
        }
        if (match.size >= kMinCopy && match.size > best.size) {
            best = match;
        }
    };
    if (guess < base.size()) {
        consider(guess);
    }
    if (best.size == 0 && at + kBlock <= target.size()) {
        uint32_t block = heads_[block_hash(target.data() + at) >> shift_];
        for (int i = 0; block != 0 && i < kMaxCandidates; i++) {
            consider((block - 1) * kBlock);
            block = chains_[block - 1];
        }
    }
    return best;
}

void DeltaWriter::append(std::string& out, std::string_view base,
                         std::string_view target)
{
    index(base);
    append_number(out, target.size());
    out += '\n';
    size_t done = 0;  // of the target
    size_t guess = 0; // where in the base target[at] may come from
    for (size_t at = 0; at < target.size();) {
        const Match match = find(base, target, done, at, guess);
        if (match.size == 0) {
            at++;
            guess++;
            continue;
        }
        append_insert(out, target.substr(done, match.target - done));
        append_number(out, match.size);
        out += '@';
        append_number(out, match.base);
        out += ',';
        done = at = match.target + match.size;
        guess = match.base + match.size;
    }
    append_insert(out, target.substr(done));
    append_number(out, checksum(target));
    out += ';';
}

} // namespace ws_pubsub
