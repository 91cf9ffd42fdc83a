"""Making a library lean: passes, the pipeline that runs and judges them, the store that takes all back."""
