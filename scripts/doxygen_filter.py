#!/usr/bin/env python3
"""What doxygen sees of a header: doxygen_filter.py FILE prints it. Line numbers stay.

Left out is what is in a namespace detail, and stb in its own. Members that mean the same in every class that has them (a module's `forward`, a
rule's call operator, copies, ...) get the same short description, unless they have one of their own, and the second of two functions with one name is an
overload of the first; all others must be described in the header, or doxygen complains.
"""

import re
import sys

# What a declaration looks like, and what is said of it. The first that fits is taken.
SAME_EVERYWHERE = [
    (r"static void members\(", "Calls `visit(name, member)` for each parameter, buffer and module in it; see Module."),
    (r"(auto|Var<Scalar>) forward\(", "The output for an input, data or a value on the tape; see Module."),
    (r"std::string description\(\) const", "The line that stands for it where a net is printed, as in PyTorch."),
    (r"std::string name\(\) const", "What is printed before the list of the modules in it, as in PyTorch."),
    (r"using Rebind = ", "The same with numbers of another type, which may be another device's."),
    (r"using Scalar = ", "The type of the numbers."),
    (r"static constexpr Index (Rows|Cols) = ", "The size, if it is known while compiling, else `dynamic`."),
    (r"static constexpr Index InFeatures = ", "The length of a row of the input, or `dynamic`."),
    (r"static constexpr Index OutFeatures = ", "The length of a row of the output, or `dynamic`."),
    (r"static constexpr bool vectorized = ", "Whether it may be called with packs; see ElementwiseFunction."),
    (r"static constexpr bool derivative_from_output = ", "See ElementwiseFunction."),
    (r"Index least_rows\(\) const", "How many rows it needs at once; see Module."),
    (r"void visit_masks\(", "Calls f with what the masks of each Dropout in it follow from, in order."),
    (r"constexpr T derivative\(T", "The derivative by x, given x and y = f(x)."),
    (r"constexpr T first\(T", "The derivative by the first operand, given both operands and the result."),
    (r"constexpr T second\(T", "The derivative by the second operand, given both operands and the result."),
    (r"constexpr T operator\(\)\(T p?(, T g)?[,)].* g\b.*const", "What is to be taken off parameter p with gradient g."),
    (r"constexpr T operator\(\)\(T( \w+)?(, T \w+)?\) const", "The value."),
    (r"const \w+Options& options\(\) const", "The options it was made with; `lr()` is the learning rate now."),
    (r"auto operator\(\)\(const X& \w+, const [LT]& \w+\) const", "The loss, as the function gives it."),
    (r"friend std::ostream& operator<<\(", "Prints the numbers."),
    (r"friend (constexpr )?bool operator==\(", "Whether all members are equal."),
    (r"(explicit )?(?P<c>\w+)\(const (?P=c)& \w+\)", "A copy with numbers of its own."),
    (r"(?P<c>\w+)\((?P=c)&& *\w*\) noexcept", "Takes the other's numbers over."),
    (r"(?P<c>\w+)& operator=\(const (?P=c)& *\w*\)", "Copies; in place where the shapes are the same."),
    (r"(?P<c>\w+)& operator=\((?P=c)(&&)? *\w*\) noexcept", "Takes the other's numbers over."),
    (r"~\w+\(\)", "Gives back what it holds."),
    (r"explicit (?P<c>\w+)\(const (?P=c)<.*>& \w+\)", "A copy with numbers of another type (another device's)."),
    (r"\w+\(.*\) -> \w+<", "The type that these arguments give."),
    (r"Index rows\(\) const", "The number of rows."),
    (r"Index cols\(\) const", "The number of columns."),
    (r"Shape shape\(\) const", "Rows and columns."),
    (r"Index in_features\(\) const", "The length of a row of the input."),
    (r"Index out_features\(\) const", "The length of a row of the output."),
]
RULES = [(re.compile(rf"\s*(.*\) )?{pattern}"), text) for pattern, text in SAME_EVERYWHERE]
DETAIL = re.compile(r"namespace ((tinynet::)?detail(::\w+)?|tinynet_stb) \{")
DETAIL_END = re.compile(r"\}  // namespace ((tinynet::)?detail(::\w+)?|tinynet_stb)$")
LIST = re.compile(r"\s+([\w:]+(?:<.*>)?) (\w+[^,;]*(?:, \w+[^,;]*)+);\s+///< (.*)")  # double a = 1, b = 2;  ///< text
FUNCTION = re.compile(r"( {0,2})(?:\[\[[\w:]+\]\] )?(?! |:|return|if|for|while|else|requires|template|using|throw)[\w:<>&*,~ .]*?\b(operator\W+|\w+)\(")


def public(lines):
    """The lines with those in namespace detail empty."""
    depth = 0
    for line in lines:
        depth += DETAIL.match(line) is not None
        yield "" if depth > 0 else line
        depth -= DETAIL_END.match(line) is not None


def described(lines):
    lines = list(lines)
    functions, member = set(), ""  # those declared so far, the member declared last
    for i, line in enumerate(lines):
        if several := LIST.fullmatch(line):  # doxygen would give the text to the last alone
            kind, names, text = several.groups()
            lines[i] = " ".join(f"/** {text} */ {kind} {name};" for name in names.split(", "))
            continue
        text = next((text for rule, text in RULES if rule.match(line)), None)
        if function := FUNCTION.match(line):
            indent, name = function.groups()
            if name == member if indent else name in functions:
                text = text or r"\overload"
            if indent:
                member = name
            else:
                functions.add(name)
        if text is None:
            continue
        first = i  # of the declaration, with its template<...> and requires
        while first > 0 and re.match(r"\s*(template|requires)\b", lines[first - 1]):
            first -= 1
        if not re.match(r"\s*///", lines[first - 1]) and "///<" not in line:
            lines[first] = f"/** {text} */ {lines[first].lstrip()}"
    return lines


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        print("\n".join(described(public(file.read().split("\n")))))


if __name__ == "__main__":
    main()
