package sandbox

import (
	"strconv"
	"time"
)

// message is a notification before it gets its id and time.
type message struct {
	kind  int // its type number
	about obj // shop_id or creator_open_id
	data  obj
}

// orderStatusChanged is type 1: the shop order, not the affiliate order.
func orderStatusChanged(o *order, at time.Time) message {
	status := map[state]string{
		unpaid: "UNPAID", pending: "AWAITING_SHIPMENT", frozen: "DELIVERED", settled: "COMPLETED", noCommission: "CANCEL",
	}[o.state(at)]
	if status == "AWAITING_SHIPMENT" && reached(o.delivered, at) {
		status = "DELIVERED"
	}
	return message{1, obj{"shop_id": o.shop.id}, obj{
		"is_on_hold_order": false, "order_id": o.id, "order_status": status, "update_time": at.Unix(),
	}}
}

// sellerDeauthorized is type 6.
func sellerDeauthorized(s *shop) message {
	return message{6, obj{"shop_id": s.id}, obj{"message": "Shop_id {" + s.id + "} is deauthorized from your APP by merchant."}}
}

// authorizationExpires is type 7; its time is a text.
func authorizationExpires(s *shop, at time.Time) message {
	return message{7, obj{"shop_id": s.id}, obj{
		"message": "The authorization of shop " + s.id + " will expire soon.", "expiration_time": strconv.FormatInt(at.Unix(), 10),
	}}
}

// contentPosted is type 17.
func contentPosted(creatorOpenID, productID, contentID, event string) message {
	return message{17, obj{"creator_open_id": creatorOpenID}, obj{
		"product_id": productID, "event": obj{"type": event, "scene": "VIDEO", "content_id": contentID},
	}}
}

// creatorDeauthorized is type 20.
func creatorDeauthorized(creatorOpenID string, at time.Time) message {
	return message{20, obj{"creator_open_id": creatorOpenID}, obj{"cancel_time": at.Unix()}}
}
