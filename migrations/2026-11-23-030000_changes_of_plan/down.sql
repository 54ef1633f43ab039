DROP INDEX changes_of_plan;
