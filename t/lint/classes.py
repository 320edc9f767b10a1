"""Counts the public functions of the classes of a header.

It reads declarations as this project writes them, without a compiler: what
follows a class's name up to its brace, then what lies in it but not in braces
of its own. Constructors, destructors and operators don't count; each overload
does.
"""

import re

NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
NO_DECLARATION = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)|^\s*#[^\n]*", re.S | re.M)
CLASS = re.compile(r"\b(?<!enum )(class|struct)\s+([\w:]+)(?:\s+final)?\s*(?::[^:;{][^;{]*)?\{")
ACCESS = re.compile(r"^(?:\s*(public|protected|private)\s*:(?!:))+")
NO_FUNCTION = re.compile(r"\s*(?:using|typedef|friend|static_assert|enum|class|struct)\b")
NAMED = re.compile(r"(~?\w+)\s*\((?!\s*\*)")


def body_after(text, start):
    """What lies between the brace before `start` and its partner: without the
    contents of braces within, each of which ends a declaration, unless it is
    that of an argument."""
    depth, parentheses, out = 0, 0, []
    for char in text[start:]:
        if char == "}":
            if depth == 0:
                break
            depth -= 1
            if depth == 0 and parentheses == 0:
                out.append(";")
        elif char == "{":
            depth += 1
        elif depth == 0:
            parentheses += (char == "(") - (char == ")")
            out.append(char)
    return "".join(out)


def without_templates(declaration):
    before = None
    while before != declaration:
        before = declaration
        declaration = re.sub(r"<[^<>]*>", " ", declaration)
    return re.sub(r"\btemplate\b", " ", declaration)


def is_function(declaration, class_name):
    if NO_FUNCTION.match(declaration) or re.search(r"\boperator\b", declaration):
        return False
    # a data member's initializer is none of its declaration
    named = NAMED.search(declaration.split("=")[0])
    return named is not None and named[1].lstrip("~") != class_name


def public_functions(header):
    """(line, class, number of its public functions) for each class."""
    text = NOT_CODE.sub(lambda found: "\n" * found[0].count("\n"), header)
    text = NO_DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in CLASS.finditer(text):
        name = found[2].split("::")[-1]
        access = "public" if found[1] == "struct" else "private"
        count = 0
        for declaration in body_after(text, found.end()).split(";"):
            if label := ACCESS.match(declaration):
                access = label[1]
                declaration = declaration[label.end():]
            if access == "public" and is_function(without_templates(declaration), name):
                count += 1
        yield text.count("\n", 0, found.start()) + 1, found[2], count


SAMPLE = """
enum class Kind { a };
class Forward;
template <class T> class Sample final : public Base<int(char)>, private Other {
    int hidden();
public:
    enum class Inner { a };
    explicit Sample(int a = f(1), Part p = {}) : a_(a), b_{2} { g(); } // no(): not this()
    ~Sample() override;
    bool operator==(const Sample&) const = default;
    explicit operator bool() const { return true; }
    using Done = std::function<void(int)>;
    [[nodiscard]] int one() const { if (a_) { return h(); } return 2; }
    template <class Visit> void two(Visit&& visit, Part b = {}) const;
    static std::vector<std::pair<int, int>> three(void (*to)(int)) noexcept;
    virtual void three() = 0;
    struct Part { int four(); int five() { return 5; } };
    std::function<void(int)> data = g(3);
    void (*pointer)(void*);
    friend void befriended(Sample&);
private:
    void private_one();
public: void last();
};
"""


def check_itself():
    found = [(name, count) for _, name, count in public_functions(SAMPLE)]
    assert found == [("Sample", 5), ("Part", 2)], found
