#!/bin/sh
# Runs commands that come as lines on a serial line, one after the other. Behind what a command says stands a line
# "<exit CODE>", the sign for its end.
stty -F "$1" raw -echo
exec <"$1" >"$1" 2>&1
echo "<ready>"
while read -r line; do
    # A program of its own, so that no command can end this loop, nor read its next lines.
    sh -c "$line" </dev/null
    echo "<exit $?>"
done
