"""What an operator looks at before signing and at two in the morning: differences, explanations, dates, history."""
