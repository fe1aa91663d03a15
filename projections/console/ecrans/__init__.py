"""What each page shows: functions of a `Demande`, their result given to the template as it is."""
