// Doubly linked lists within a zone, changed through its Transaction. The links
// are members of what is listed, so that one thing can be in several lists.
#pragma once

#include "shm/transaction.hpp"

namespace ws_pubsub {

template <auto prev, auto next>
struct ZoneList;

// `head` and `tail` are null where the list is empty; a list that is only gone
// through from its front does without a tail.
template <class T, T* T::*prev, T* T::*next>
struct ZoneList<prev, next> {
    // REQUIRES: the item is fresh from allocate().
    static void push_front_new(Transaction& tx, T*& head, T& item)
    {
        item.*prev = nullptr;
        item.*next = head;
        if (head != nullptr) {
            tx.set(head->*prev, &item);
        }
        tx.set(head, &item);
    }

    static void push_front(Transaction& tx, T*& head, T& item)
    {
        tx.set(item.*prev, nullptr);
        tx.set(item.*next, head);
        if (head != nullptr) {
            tx.set(head->*prev, &item);
        }
        tx.set(head, &item);
    }

    static void push_back(Transaction& tx, T*& head, T*& tail, T& item)
    {
        tx.set(item.*prev, tail);
        tx.set(item.*next, nullptr);
        tx.set(tail != nullptr ? tail->*next : head, &item);
        tx.set(tail, &item);
    }

    // The item's own links stay as they are.
    static void remove(Transaction& tx, T*& head, const T& item)
    {
        tx.set(item.*prev != nullptr ? (item.*prev)->*next : head, item.*next);
        if (item.*next != nullptr) {
            tx.set((item.*next)->*prev, item.*prev);
        }
    }

    static void remove(Transaction& tx, T*& head, T*& tail, const T& item)
    {
        remove(tx, head, item);
        if (item.*next == nullptr) {
            tx.set(tail, item.*prev);
        }
    }
};

} // namespace ws_pubsub
