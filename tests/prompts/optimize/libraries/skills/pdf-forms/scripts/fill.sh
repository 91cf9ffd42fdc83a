#!/bin/sh
echo "no prompt, and kept as it is"
