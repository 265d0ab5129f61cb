/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Deblurs a video and counts the frames: frames VIDEO
 */
#include <gst/gst.h>

int main(int argc, char **argv) {
    if (argc != 2) {
        g_printerr("frames VIDEO\n");
        return 2;
    }
    gst_init(NULL, NULL);
    GError *error = NULL;
    GstElement *pipeline = gst_parse_launch(
        "filesrc name=file ! decodebin ! videoconvert ! rirndeblur name=deblur qos=false ! fakesink", &error);
    if (error != NULL) {
        g_printerr("frames: %s\n", error->message);
        return 1;
    }
    GstElement *file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
    GstElement *deblur = gst_bin_get_by_name(GST_BIN(pipeline), "deblur");
    g_object_set(file, "location", argv[1], NULL);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message =
        gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    gboolean failed = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
    if (failed) {
        gst_message_parse_error(message, &error, NULL);
        g_printerr("frames: %s\n", error->message);
        g_error_free(error);
    } else {
        /* Read before the element stops: at the next start the counters begin anew. */
        GstStructure *stats = NULL;
        guint64 frames = 0;
        g_object_get(deblur, "stats", &stats, NULL);
        gst_structure_get_uint64(stats, "frames-out", &frames);
        g_print("%" G_GUINT64_FORMAT " frames\n", frames);
        gst_structure_free(stats);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_message_unref(message);
    gst_object_unref(bus);
    gst_object_unref(deblur);
    gst_object_unref(file);
    gst_object_unref(pipeline);
    return failed ? 1 : 0;
}
