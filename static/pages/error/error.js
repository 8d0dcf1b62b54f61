// What is said at an address that leads nowhere is in the page; only the frame around it is live.
import "../../shared/js/following.js";
