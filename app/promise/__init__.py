"""The promise of a wave, for anybody who has its address."""
