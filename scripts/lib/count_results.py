"""Prints "passed failed skipped" of xunit files; what failed goes to standard error, a line each."""

import sys
import xml.etree.ElementTree as ElementTree

passed = failed = skipped = 0
for path in sys.argv[1:]:
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError) as problem:
        print(f"    no results in {path}: {problem}", file=sys.stderr)
        failed += 1
        continue
    for case in cases:
        problems = case.findall("failure") + case.findall("error")
        if problems:
            failed += 1
            message = " ".join((problems[0].get("message") or problems[0].text or "").split())
            print(f"    failed: {case.get('classname')}.{case.get('name')}: {message[:300]}", file=sys.stderr)
        elif case.find("skipped") is not None:
            skipped += 1
            message = " ".join((case.find("skipped").get("message") or "").split())
            print(f"    skipped: {case.get('classname')}.{case.get('name')}: {message[:300]}", file=sys.stderr)
        else:
            passed += 1
print(passed, failed, skipped)
