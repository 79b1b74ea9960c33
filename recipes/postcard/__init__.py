"""The recipe of Postcard, the model in the box: scenes, their captions and pictures, data sets, prompts and a judge."""
