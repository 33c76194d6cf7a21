"""Fill a lost database of booking from what booking published, so that what was decided stays decided.

The events say what stands; outcomes and commands say which command ids were decided, and where reading goes on. All of
it is one transaction: a rebuild that ends early leaves the database as it was.
"""
