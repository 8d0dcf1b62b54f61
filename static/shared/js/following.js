// The pages' old name for the frame, which follows the widget itself.
import "./shell.js";
