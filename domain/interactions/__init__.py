"""What a room does together: polls, questions, challenges, raids. Each a state machine with one legal way on."""
