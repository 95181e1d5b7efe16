"""An emulator of the AWS services that the provider calls.

moto answers most calls. Around it stand checks, state machines and switches
that moto lacks; README.md lists which behaviour comes from where.
"""
